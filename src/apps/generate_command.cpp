#include <string>
#include <vector>

#include "dnagpt/apps/commands.hpp"
#include "dnagpt/apps/generation.hpp"
#include "dnagpt/apps/option_checks.hpp"
#include "dnagpt/apps/ranks.hpp"
#include "dnagpt/apps/record_options.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/eval/loaded_model.hpp"
#include "dnagpt/eval/piece_files.hpp"

namespace dnagpt {
namespace {

constexpr std::int64_t default_haplotypes = 1000;

template <class T>
int generate_as(GenerateOptions const& options, Communicator const& world,
                DeviceSession const& device) {
    CheckpointReader const reader = open_checkpoint(options.checkpoint, world);
    if (options.haplotypes) {
        generate_haplotypes<T>(options, reader, world, device);
    } else {
        generate_texts<T>(options, reader, world, device);
    }
    return exit_success;
}

int generate(GenerateOptions const& options) {
    if (options.merge) {
        join_files(find_pieces(options.output), options.output);
        log_info("wrote " + options.output);
        return exit_success;
    }
    return run_ranks_in(options.precision,
                        [&]<class T>(std::type_identity<T>, Communicator const& world,
                                     DeviceSession const& device) {
                            return generate_as<T>(options, world, device);
                        });
}

void settle_defaults(GenerateOptions& options) {
    if (options.count < 0) {
        options.count = options.haplotypes ? default_haplotypes : 1;
    }
    if (options.output.empty()) {
        options.output = options.haplotypes ? "artificial.hapt" : "generated.fa";
    }
}

/// Those of texts; haplotypes take none of them.
std::vector<CLI::Option*> add_text_options(CLI::App& command, GenerateOptions& options) {
    return {
        command.add_option("--prompt", options.source.prompts,
                           "What is continued, such as \"<R>\" or \"<R>ATTGACATG\"; may stand "
                           "several times"),
        command.add_option("--prompts", options.source.prompts_file,
                           "File with a prompt a line, or id<tab>prompt; - for standard input"),
        command.add_option("--bases", options.bases, "New ones, behind the prompt")
            ->check(from_one)
            ->capture_default_str(),
        command.add_option(
            "--stop", options.stops,
            "Word or token that ends a sequence, such as TAATAG or \"<!>\"; may stand "
            "several times"),
        command.add_flag("--unmasked", options.unmasked,
                         "Draw any token, words with N too; one that is no word ends the sequence"),
        command.add_flag("--slide", options.slide,
                         "Past the end of the context go on with its last half"),
        command.add_option("--top-k", options.sampling.top_k, "Only the k likeliest words; 0: all")
            ->check(from_zero)
            ->capture_default_str(),
        command
            .add_option("--top-p", options.sampling.top_p,
                        "Only the likeliest words that together have this probability")
            ->check(CLI::Range(1e-6, 1.0))
            ->capture_default_str(),
        command.add_flag("--reference", options.reference,
                         "Products in one fixed order (slow, float alone): the same text at any "
                         "--batch and number of threads"),
        command.add_option("--piece", options.piece,
                           "2/8: only this share of the sequences, for a job array")};
}

}  // namespace

void add_generate_command(CLI::App& program, Action& action) {
    CLI::App* command = program.add_subcommand(
        "generate",
        "Continues prompts with a checkpoint (FASTA), or draws artificial haplotypes with one that "
        "was fine-tuned on them (may be started with mpirun or srun)");
    static GenerateOptions options;
    command->add_option(
        "--checkpoint", options.checkpoint,
        "Checkpoint file or run folder (its best, or newest); required, but with --merge");
    auto const of_texts = add_text_options(*command, options);
    CLI::Option* const haplotypes = command->add_flag("--haplotypes", options.haplotypes,
                                                      "Draw haplotypes, write a .hapt file");
    for (CLI::Option* const option : of_texts) {
        haplotypes->excludes(option);
    }
    command
        ->add_option("--count", options.count,
                     "Sequences of each prompt (default 1), or haplotypes to keep (1000)")
        ->check(from_one);
    command
        ->add_option("--temperature", options.sampling.temperature,
                     "Below 1: the likely words more often; above 1: more diversity")
        ->check(CLI::Range(0.01, 100.0))
        ->capture_default_str();
    command->add_option("--seed", options.seed, "Of the drawing")->capture_default_str();
    command->add_option("--batch", options.batch, "Sequences drawn at once on a rank")
        ->check(from_one)
        ->capture_default_str();
    command->add_option("--output", options.output,
                        "File to write (generated.fa; artificial.hapt, whose FILE.json says what "
                        "was discarded and why)");
    add_precision_option(*command, options.precision);
    command->add_flag("--merge", options.merge, "Join the pieces of --output into one file");
    command->callback([&action] {
        bool const asks = options.haplotypes != options.source.free_prompts();
        if (!options.merge && (options.checkpoint.empty() || !asks)) {
            throw CLI::RequiredError("--checkpoint, and one of --prompt, --prompts, --haplotypes");
        }
        if (options.reference && options.precision != "float") {
            throw CLI::ValidationError("--reference", "needs --precision float");
        }
        settle_defaults(options);
        require_own_files({options.output}, {options.checkpoint, options.source.prompts_file});
        action = [] { return generate(options); };
    });
}

}  // namespace dnagpt
