#include <string>
#include <vector>

#include "dnagpt/apps/commands.hpp"
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
    std::int64_t measure = 0;
};

/// Wrong settings stop rank 0 before the others read them: one message.
RunConfig read_settings(PretrainOptions const& options, Communicator const& world) {
    auto const read = [&] {
        RunConfig config = read_run_config(options.config, options.settings);
        DNAGPT_VALIDATE(!config.data.shards.empty(),
                        << "data.shards is empty; give the folder that dnagpt-prep shard wrote");
        return config;
    };
    if (world.rank() == 0) {
        read();
    }
    world.barrier();
    return read();
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
    command
        ->add_option(
            "--measure", options.measure,
            "Time N steps after one that is not counted, print a JSON object, keep nothing")
        ->check(CLI::PositiveNumber);
    command->callback([&action] {
        action = [] {
            Preemption preemption;
            return run_ranks([&](Communicator const& world, DeviceSession const& device) {
                RunConfig const config = read_settings(options, world);
                if (options.measure > 0) {
                    measure_pretraining(config, world, device, {options.measure, options.profile});
                    return exit_success;
                }
                return pretrain(config, world, device, preemption, options.profile);
            });
        };
    });
}

}  // namespace dnagpt
