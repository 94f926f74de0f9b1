#include <string>
#include <vector>

#include "dnagpt/apps/commands.hpp"
#include "dnagpt/apps/ranks.hpp"
#include "dnagpt/config/config_file.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/train/pretrain.hpp"

namespace dnagpt {
namespace {

struct PretrainOptions {
    std::string config;
    std::vector<std::string> settings;
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
    command->callback([&action] {
        action = [] {
            Preemption preemption;
            return run_ranks([&](Communicator const& world, DeviceSession const& device) {
                return pretrain(read_settings(options, world), world, device, preemption);
            });
        };
    });
}

}  // namespace dnagpt
