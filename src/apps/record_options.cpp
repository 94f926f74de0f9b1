#include "dnagpt/apps/record_options.hpp"

#include "dnagpt/apps/option_checks.hpp"

namespace dnagpt {

void add_record_options(CLI::App& command, RecordOptions& options, std::string const& output,
                        std::string const& merged) {
    command.add_option(
        "--checkpoint", options.checkpoint,
        "Checkpoint file or run folder (of fine-tuning its best); required, but with --merge");
    command.add_option("--output", options.output, output)->capture_default_str();
    command.add_option("--positions", options.positions, "At once on a rank")
        ->check(from_one)
        ->capture_default_str();
    add_precision_option(command, options.precision);
    command
        .add_option("--piece", options.piece, "2/8: only this share of the input, for a job array")
        ->check(piece_text);
    command.add_flag("--merge", options.merge, "Join the pieces of " + merged + " into one file");
}

void add_precision_option(CLI::App& command, std::string& precision) {
    command.add_option("--precision", precision, "float or bf16")
        ->check(CLI::IsMember({"float", "bf16"}))
        ->capture_default_str();
}

}  // namespace dnagpt
