#include <CLI/CLI.hpp>
#include <exception>

#include "dnagpt/apps/build_libraries.hpp"
#include "dnagpt/apps/commands.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/program.hpp"

int main(int argc, char** argv) {
    CLI::App program(
        "Pretrains, fine-tunes and evaluates DNAGPT, a DNA language model (arXiv 2307.05628).",
        "dnagpt");
    program.set_version_flag("--version",
                             dnagpt::program_version("dnagpt") + "\n" + dnagpt::build_libraries());
    program.require_subcommand(1);
    dnagpt::Action action;
    dnagpt::add_pretrain_command(program, action);
    dnagpt::add_finetune_command(program, action);
    dnagpt::add_evaluate_command(program, action);
    dnagpt::add_predict_command(program, action);
    dnagpt::add_score_command(program, action);
    dnagpt::add_embed_command(program, action);
    dnagpt::add_attention_command(program, action);
    dnagpt::add_generate_command(program, action);
    dnagpt::add_inspect_command(program, action);
    dnagpt::add_plan_command(program, action);
    try {
        program.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        return program.exit(error) == 0 ? dnagpt::exit_success : dnagpt::exit_wrong_use;
    }
    try {
        return action();
    } catch (std::exception const& failure) {
        dnagpt::log_error(failure.what());
        return dnagpt::exit_failure;
    }
}
