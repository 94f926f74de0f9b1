#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "dnagpt/checkpoint/checkpoint_saver.hpp"
#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/comm/device_collectives.hpp"
#include "dnagpt/config/run_config.hpp"
#include "dnagpt/data/batch_loader.hpp"
#include "dnagpt/data/pretrain_data.hpp"
#include "dnagpt/device/device_session.hpp"
#include "dnagpt/eval/validation.hpp"
#include "dnagpt/genome/vocabulary.hpp"
#include "dnagpt/io/json_lines.hpp"
#include "dnagpt/train/metrics.hpp"
#include "dnagpt/train/run_folder.hpp"
#include "dnagpt/train/schedule.hpp"
#include "dnagpt/train/state_file.hpp"
#include "dnagpt/train/training_memory.hpp"

namespace dnagpt {

/// A pretraining run on one rank: its parts, and what a step, a validation and a save do with them.
template <class T>
class PretrainRun {
  public:
    /// Opens data and run folder, takes memory, loads the newest valid checkpoint or draws weights.
    PretrainRun(RunConfig const& config, Communicator const& world, DeviceSession const& device);

    std::int64_t step() const { return progress_.step; }
    Schedule const& schedule() const { return schedule_; }

    /// One step: rows, gradients, update, metrics. A non-finite loss or gradient leaves the weights
    /// as they are, puts the rows on the skip list and does not count; three in a row are an Error.
    void train_step();
    /// Scores the validation split and notes it in metrics.jsonl.
    void validate();
    /// Begins to save the present state (or, with `wait`, saves it); Error when a shard has
    /// changed.
    void save(bool wait);
    /// Completes a save that is under way, at the end of each step.
    void poll_save();

  private:
    void start_or_resume();
    void log_start() const;
    void skip(StepBatches const& batches);
    void report(StepSums const& sums, TargetCounts const& targets, double learning_rate);
    void note_saved();

    using Clock = std::chrono::steady_clock;
    RunConfig config_;
    Communicator const& world_;
    RunFolder folder_;
    Vocabulary vocabulary_;
    PretrainData training_data_;
    std::optional<PretrainData> validation_data_;
    std::optional<ValidationSet> validation_set_;
    DeviceCollectives collectives_;
    TrainingMemory<T> memory_;
    Context context_;
    Schedule schedule_;
    RunIdentity identity_;
    RunProgress progress_;
    std::unique_ptr<BatchLoader> loader_;
    std::unique_ptr<JsonLinesWriter> metrics_;  // rank 0
    CheckpointSaver saver_;
    std::string saving_;  // path of the save under way
    int skipped_in_a_row_ = 0;
    Clock::time_point step_began_ = Clock::now();
    double seconds_of_steps_ = 0;
    std::int64_t steps_timed_ = 0;
};

}  // namespace dnagpt
