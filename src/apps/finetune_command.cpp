#include <string>
#include <vector>

#include "dnagpt/apps/commands.hpp"
#include "dnagpt/apps/ranks.hpp"
#include "dnagpt/config/config_file.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/train/finetune.hpp"

namespace dnagpt {
namespace {

struct FinetuneOptions {
    std::string config;
    std::vector<std::string> settings;
    bool profile = false;
};

RunConfig read_settings(FinetuneOptions const& options) {
    RunConfig config = read_run_config(options.config, options.settings);
    DNAGPT_VALIDATE(fine_tunes(config),
                    << "finetune.data is empty; give a labelled set that dnagpt-prep signals, "
                    << "expression or haplotypes made");
    for (FinetuneSet const& set : config.finetune.sets) {
        DNAGPT_VALIDATE(!set.data.empty(),
                        << "set '" << set.name << "' names no file; give it data = \"...\"");
    }
    return config;
}

int tune(FinetuneOptions const& options) {
    Preemption preemption;
    return run_ranks([&](Communicator const& world, DeviceSession const& device) {
        return finetune(rank_0_first(world, [&] { return read_settings(options); }), world, device,
                        preemption, options.profile);
    });
}

}  // namespace

void add_finetune_command(CLI::App& program, Action& action) {
    CLI::App* command = program.add_subcommand(
        "finetune",
        "Trains a checkpoint, or a new model, on labelled sets and scores it; the same command "
        "again resumes (start it with mpirun or srun)");
    static FinetuneOptions options;
    command->add_option("config", options.config, "TOML file, see configs/finetune_*.toml")
        ->required()
        ->check(CLI::ExistingFile);
    command->add_option("settings", options.settings,
                        "section.key=value ..., e.g. run.folder=runs/pas finetune.data=pas.h5 "
                        "finetune.from=runs/pretrained");
    command->add_flag("--profile", options.profile,
                      "Print where the time of the steps went, by room and operation");
    command->callback([&action] { action = [] { return tune(options); }; });
}

}  // namespace dnagpt
