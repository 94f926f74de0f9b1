#include <string>
#include <vector>

#include "dnagpt/apps/commands.hpp"
#include "dnagpt/apps/option_checks.hpp"
#include "dnagpt/apps/ranks.hpp"
#include "dnagpt/config/config_file.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/train/measurement.hpp"
#include "dnagpt/train/pretrain.hpp"

namespace dnagpt {
namespace {

struct PretrainOptions {
    std::string config;
    std::vector<std::string> settings;
    bool profile = false;
    bool measure = false;
    std::int64_t measured_steps = 3;
};

RunConfig read_settings(PretrainOptions const& options) {
    RunConfig config = read_run_config(options.config, options.settings);
    require_pretraining(config);
    DNAGPT_VALIDATE(!config.data.shards.empty(),
                    << "data.shards is empty; give the folder that dnagpt-prep shard wrote");
    return config;
}

int train(PretrainOptions const& options) {
    Preemption preemption;
    return run_ranks([&](Communicator const& world, DeviceSession const& device) {
        return pretrain(rank_0_first(world, [&] { return read_settings(options); }), world, device,
                        preemption, options.profile);
    });
}

/// Signals end it at once: there is nothing to save.
int measure(PretrainOptions const& options) {
    return run_ranks([&](Communicator const& world, DeviceSession const& device) {
        measure_pretraining(rank_0_first(world, [&] { return read_settings(options); }), world,
                            device, {options.measured_steps, options.profile});
        return exit_success;
    });
}

}  // namespace

void add_pretrain_command(CLI::App& program, Action& action) {
    CLI::App* command = program.add_subcommand(
        "pretrain",
        "Pretrains on token shards; the same command again resumes (start it with mpirun or srun)");
    static PretrainOptions options;
    command->add_option("config", options.config, "TOML file, see configs/")
        ->required()
        ->check(CLI::ExistingFile);
    command->add_option("settings", options.settings,
                        "section.key=value ..., e.g. run.folder=runs/a data.shards=shards");
    command->add_flag("--profile", options.profile,
                      "Print where the time of the steps went, by room and operation");
    command->add_flag("--measure", options.measure,
                      "Only time some steps, print a JSON object, keep nothing");
    command
        ->add_option("--measure-steps", options.measured_steps,
                     "Steps that --measure times, after one that is not counted")
        ->check(from_one)
        ->capture_default_str();
    command->callback(
        [&action] { action = [] { return options.measure ? measure(options) : train(options); }; });
}

}  // namespace dnagpt
