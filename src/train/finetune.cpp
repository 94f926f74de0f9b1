#include "dnagpt/train/finetune.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "dnagpt/checkpoint/checkpoint_folder.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/eval/finetune_report.hpp"
#include "dnagpt/io/durable_file.hpp"
#include "dnagpt/train/finetune_run.hpp"
#include "dnagpt/train/finetune_summary.hpp"
#include "dnagpt/train/run_guard.hpp"
#include "dnagpt/train/training_loop.hpp"

namespace dnagpt {
namespace {

using Json = nlohmann::ordered_json;

std::string join(std::string const& folder, std::string const& name) {
    return folder + "/" + name;
}

void write_results(std::string const& folder, Json const& evaluation, FinetuneData const& data,
                   std::vector<Prediction> const& predictions) {
    bool const one = data.sets().size() == 1;
    for (std::size_t set = 0; set < data.sets().size(); ++set) {
        std::string const name =
            one ? "predictions.tsv" : fmt::format("predictions_{}.tsv", data.task().sets[set].name);
        write_text_atomically(join(folder, name), predictions_table(data, set, predictions));
    }
    write_text_atomically(join(folder, "evaluation.json"), evaluation.dump(2) + "\n");
}

/// One seed and one split; its scores and predictions go to `summary`.
template <class T>
int finetune_once(RunConfig const& config, StartingCheckpoint const& start,
                  Communicator const& world, DeviceSession const& device, Preemption& preemption,
                  bool profile, FinetuneSummary& summary) {
    FinetuneRun<T> run(config, start, world, device);
    TrainingRun<T>& training = run.training();
    TrainingRhythm const rhythm{[&](std::int64_t step) { return run.ends_epoch(step); },
                                [&](std::int64_t step) {
                                    return run.ends_epoch(step) ||
                                           is_multiple(step, config.checkpoint.every_steps);
                                },
                                [&] { run.validate(); }};
    int const result = train_to_the_end(training, rhythm, preemption, world, profile);
    if (result != exit_success) {
        return result;
    }
    std::int64_t const step = run.chosen_step();
    auto const predictions = run.predict_held_out();
    if (world.rank() == 0) {
        Json const evaluation =
            finetune_evaluation(checkpoint_path("", step), step, run.epoch_of(step),
                                set_scores(run.data(), predictions, Intervals::bootstrap));
        write_results(config.run.folder, evaluation, run.data(), predictions);
        summary.add(config, evaluation, run.data(), predictions);
        log_info(fmt::format("{}: weights of step {}, {}", config.run.folder, step,
                             test_scores_text(evaluation)));
    }
    world.barrier();
    return exit_success;
}

/// One config for each seed and fold, with folders of their own where there are several.
std::vector<RunConfig> single_runs(RunConfig const& config) {
    FinetuneSection const& finetune = config.finetune;
    bool const all_folds = finetune.folds > 0 && finetune.fold == 0;
    std::vector<RunConfig> runs;
    for (std::int64_t seed = 0; seed < finetune.seeds; ++seed) {
        for (std::int64_t fold = 1; fold <= (all_folds ? finetune.folds : 1); ++fold) {
            RunConfig run = config;
            run.run.seed = config.run.seed + seed;
            run.finetune.seeds = 1;
            run.finetune.fold = all_folds ? fold : finetune.fold;
            std::string name;
            if (finetune.seeds > 1) {
                name = fmt::format("seed_{}", run.run.seed);
            }
            if (all_folds) {
                name += fmt::format("{}fold_{}", name.empty() ? "" : "_", fold);
            }
            run.run.folder = name.empty() ? config.run.folder : join(config.run.folder, name);
            runs.push_back(std::move(run));
        }
    }
    return runs;
}

}  // namespace

int finetune(RunConfig const& given, Communicator const& world, DeviceSession const& device,
             Preemption& preemption, bool profile) {
    RunGuard const guard(given, world, preemption);
    StartingCheckpoint const start = starting_checkpoint(given, world);
    RunConfig const config = with_stored_model(given, start);
    std::vector<RunConfig> const runs = single_runs(config);
    FinetuneSummary summary;
    for (RunConfig const& run : runs) {
        if (&run != &runs.front() && preemption.requested(world)) {
            return exit_run_again;
        }
        int const result =
            run.run.precision == "bf16"
                ? finetune_once<bf16>(run, start, world, device, preemption, profile, summary)
                : finetune_once<float>(run, start, world, device, preemption, profile, summary);
        if (result != exit_success) {
            return result;
        }
    }
    if (runs.size() > 1 && world.rank() == 0) {
        write_text_atomically(join(config.run.folder, "evaluation.json"),
                              summary.report().dump(2) + "\n");
        log_info(fmt::format("wrote {}/evaluation.json: {} runs", config.run.folder, runs.size()));
    }
    world.barrier();
    return exit_success;
}

}  // namespace dnagpt
