#include <string>
#include <vector>

#include "dnagpt/apps/commands.hpp"
#include "dnagpt/apps/ranks.hpp"
#include "dnagpt/config/config_file.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/train/pretrain.hpp"

namespace dnagpt {

void add_pretrain_command(CLI::App& program, Action& action) {
    CLI::App* command = program.add_subcommand(
        "pretrain",
        "Pretrains on token shards; the same command again resumes (start it with mpirun or srun)");
    static std::string config;
    static std::vector<std::string> settings;
    command->add_option("config", config, "TOML file, see configs/")
        ->required()
        ->check(CLI::ExistingFile);
    command->add_option("settings", settings,
                        "section.key=value ..., e.g. run.folder=runs/a data.shards=shards");
    command->callback([&action] {
        action = [] {
            RunConfig const resolved = read_run_config(config, settings);
            DNAGPT_VALIDATE(
                !resolved.data.shards.empty(),
                << "data.shards is empty; give the folder that dnagpt-prep shard wrote");
            Preemption preemption(resolved.run.time_limit);
            return run_ranks([&](Communicator const& world, DeviceSession const& device) {
                return pretrain(resolved, world, device, preemption);
            });
        };
    });
}

}  // namespace dnagpt
