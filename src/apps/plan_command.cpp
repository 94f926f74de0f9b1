#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "dnagpt/apps/commands.hpp"
#include "dnagpt/apps/launch_choices.hpp"
#include "dnagpt/apps/option_checks.hpp"
#include "dnagpt/config/config_file.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/data/pretrain_data.hpp"
#include "dnagpt/data/sampler.hpp"
#include "dnagpt/genome/vocabulary.hpp"
#include "dnagpt/model/flops.hpp"
#include "dnagpt/train/schedule.hpp"
#include "dnagpt/train/training_memory.hpp"

namespace dnagpt {
namespace {

struct PlanOptions {
    std::string config;
    std::vector<std::string> overrides;
    int ranks = 1;
    double tflops = 0;
    double share = 0.4;
    double bases = 0;
    bool measure = false;
    int measured_steps = 2;
    double device_gib = 0;
};

constexpr int most_ranks_listed = 256;

void print_memory(MemoryByKind const& memory) {
    auto const line = [](char const* kind, std::int64_t bytes) {
        fmt::print("  {:<28} {:>12}\n", kind, format_bytes(static_cast<std::uint64_t>(bytes)));
    };
    fmt::print("memory of a rank\n");
    line("weights", memory.weights);
    line("for products", memory.products);
    line("gradients", memory.gradients);
    line("master weights and Adam", memory.optimizer);
    line("activations", memory.activations);
    line("scratch", memory.scratch);
    line("copy for checkpoints", memory.saving);
    line("together", memory.total());
    line("without that copy", memory.on_device());
}

void print_memory_by_world_size(RunConfig const& config) {
    fmt::print("memory of a rank by number of ranks\n");
    for (std::int64_t ranks = 1;
         ranks <= std::min<std::int64_t>(most_ranks_listed, rows_per_step(config)); ranks *= 2) {
        MemoryByKind const memory = training_memory(config, static_cast<int>(ranks));
        fmt::print("  {:<28} {:>12}  ({} bytes)\n", ranks,
                   format_bytes(static_cast<std::uint64_t>(memory.total())),
                   format_count(static_cast<std::uint64_t>(memory.total())));
    }
}

/// Whether a rank fits a device of so many bytes, and otherwise from which number of ranks on.
void print_fit(RunConfig const& config, int ranks, std::int64_t device_bytes) {
    auto const needed = [&](std::int64_t world_size) {
        return training_memory(config, static_cast<int>(world_size)).on_device();
    };
    auto const text = [](std::int64_t bytes) {
        return format_bytes(static_cast<std::uint64_t>(bytes));
    };
    std::int64_t const left = device_bytes - needed(ranks);
    if (left >= 0) {
        fmt::print("a device of {}: the run fits, {} of it left\n", text(device_bytes), text(left));
        return;
    }
    std::int64_t enough = ranks;
    while (enough < rows_per_step(config) && needed(enough) > device_bytes) {
        ++enough;
    }
    fmt::print("a device of {}: the run does not fit, a rank takes {} too much; {}\n",
               text(device_bytes), text(-left),
               needed(enough) <= device_bytes
                   ? fmt::format("it fits from {} ranks on", enough)
                   : std::string("no number of ranks helps: lower batch.micro_batch or set "
                                 "model.recompute=blocks"));
}

void print_time(RunConfig const& config, Schedule const& schedule, PlanOptions const& options) {
    double const flops = training_flops_per_token(model_shape(config.model)) *
                         static_cast<double>(config.batch.tokens_per_step);
    fmt::print("compute\n  per step {:.3g} TFLOP, the whole run {:.4g} PFLOP\n", flops / 1e12,
               flops * static_cast<double>(schedule.steps) / 1e15);
    if (options.tflops <= 0) {
        fmt::print("  hours: give --tflops, the peak of one rank's device\n");
        return;
    }
    double const seconds = flops / (options.tflops * 1e12 * options.ranks * options.share);
    fmt::print("  {} steps of {} at {:.0f} % of {} x {} TFLOP/s: {} (assumed, not measured)\n",
               schedule.steps, format_seconds(seconds), 100 * options.share, options.ranks,
               options.tflops, format_seconds(seconds * static_cast<double>(schedule.steps)));
}

/// Rows of one pass over the training split; 0 when its size is not known.
std::int64_t rows_per_epoch(RunConfig const& config, double bases) {
    if (bases <= 0 && !config.data.shards.empty()) {
        PretrainData const training(config.data.shards, Split::train, ShardCheck::heads);
        return Sampler(training, config.model.context_length, 0,
                       read_species_weights(config.data.species_weights, training))
            .samples_per_epoch();
    }
    auto const words_per_row =
        static_cast<double>(config.model.context_length - template_positions);
    return static_cast<std::int64_t>(bases / bases_per_word / words_per_row);
}

int plan(PlanOptions const& options) {
    DNAGPT_VALIDATE(on_host || !options.measure,
                    << "--measure tries ranks x threads of CPUs (this build computes on GPUs, one "
                       "rank each); time a step with dnagpt pretrain CONFIG ... --measure");
    RunConfig const config = read_run_config(options.config, options.overrides);
    require_pretraining(config);
    ModelShape const shape = model_shape(config.model);
    bool const in_epochs = config.schedule.epochs > 0 || config.schedule.warmup_epochs > 0;
    std::int64_t const rows = in_epochs ? rows_per_epoch(config, options.bases) : 0;
    DNAGPT_VALIDATE(!in_epochs || rows > 0,
                    << "schedule.epochs and schedule.warmup_epochs need the size of the training "
                       "split; give data.shards=FOLDER, or --bases, or steps instead of epochs");
    Schedule const schedule = make_schedule(config, rows);
    fmt::print(
        "model    {} parameters, {} layers x {} heads x {} channels, context {}, vocabulary {}\n",
        format_count(static_cast<std::uint64_t>(parameter_count(shape))), shape.layers, shape.heads,
        shape.channels, shape.context_length, shape.vocabulary_size);
    fmt::print("batch    {} rows a step over {} ranks, micro-batch {}, {}\n", rows_per_step(config),
               options.ranks, config.batch.micro_batch, config.run.precision);
    fmt::print("schedule {} steps, {} of them warm-up\n", schedule.steps, schedule.warmup_steps);
    print_memory(training_memory(config, options.ranks));
    print_memory_by_world_size(config);
    if (options.device_gib > 0) {
        constexpr double gib = 1 << 30;
        print_fit(config, options.ranks, static_cast<std::int64_t>(options.device_gib * gib));
    }
    print_time(config, schedule, options);
    if (options.measure) {
        measure_launch_choices(options.config, options.overrides, config, options.measured_steps);
    }
    return exit_success;
}

}  // namespace

void add_plan_command(CLI::App& program, Action& action) {
    CLI::App* command =
        program.add_subcommand("plan", "Memory per rank, FLOPs, steps and hours of a config");
    static PlanOptions options;
    command->add_option("config", options.config, "TOML file, see configs/")
        ->required()
        ->check(CLI::ExistingFile);
    command->add_option("settings", options.overrides, "section.key=value ...");
    command->add_option("--ranks", options.ranks, "Number of ranks")->check(from_one);
    command->add_option("--tflops", options.tflops, "Peak of one rank's device (TFLOP/s)");
    command
        ->add_option("--share", options.share,
                     "Share of the peak that training is assumed to reach")
        ->check(CLI::Range(0.001, 1.0));
    command->add_option("--device-memory", options.device_gib,
                        "Memory of one rank's device (GiB): say whether the run fits it");
    command->add_option("--bases", options.bases,
                        "Bases of the training split, for schedule.epochs (default: those of "
                        "data.shards)");
    command->add_flag("--measure", options.measure,
                      "Time every ranks x threads of this host and print the launch line; needs "
                      "data.shards");
    command
        ->add_option("--measure-steps", options.measured_steps,
                     "Steps that --measure times for each, after one that is not counted")
        ->check(from_one)
        ->capture_default_str();
    command->callback([&action] { action = [] { return plan(options); }; });
}

}  // namespace dnagpt
