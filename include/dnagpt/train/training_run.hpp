#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dnagpt/checkpoint/checkpoint_saver.hpp"
#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/comm/device_collectives.hpp"
#include "dnagpt/config/run_config.hpp"
#include "dnagpt/data/batch_loader.hpp"
#include "dnagpt/device/device_session.hpp"
#include "dnagpt/train/injection.hpp"
#include "dnagpt/train/metrics.hpp"
#include "dnagpt/train/run_folder.hpp"
#include "dnagpt/train/schedule.hpp"
#include "dnagpt/train/state_file.hpp"
#include "dnagpt/train/step_reporter.hpp"
#include "dnagpt/train/training_memory.hpp"

namespace dnagpt {

/// What a run trains on: pretraining and fine-tuning make one each.
struct TrainingTask {
    AssembleStep assemble;            ///< this rank's rows of a step
    std::int64_t rows_per_epoch = 1;  ///< over all ranks
    std::vector<BatchForm> forms;     ///< of a rank's micro-batches
    TasksSection weights;             ///< of the three losses
    LossNames names;                  ///< of the three losses
    bool whole_rows = true;  ///< every row has the whole context: the formula of the MFU holds
    std::uint64_t data_digest = 0;
    std::function<void()> verify_unchanged;  ///< Error when the data have changed on the disk
    std::string description;                 ///< of the data, for the log
    std::string record;  ///< what predictions with this model need (JSON); kept in checkpoints
    std::string initial_checkpoint;    ///< file whose weights come first; empty: drawn
    std::uint64_t initial_digest = 0;  ///< of that file's bytes
};

/// A training run on one rank: its memory and files, and what a step and a save do with them.
template <class T>
class TrainingRun {
  public:
    /// Opens the run folder, takes memory, loads the newest valid checkpoint or the first weights.
    TrainingRun(RunConfig const& config, TrainingTask task, Communicator const& world,
                DeviceSession const& device);

    std::int64_t step() const { return progress_.step; }
    RunProgress const& progress() const { return progress_; }
    Schedule const& schedule() const { return schedule_; }
    bool complete() const { return progress_.step >= schedule_.steps; }

    /// One step: rows, gradients, update, metrics; true when the update was applied. A non-finite
    /// loss or gradient, or a spike of its norm (optimizer.spike_factor), leaves the weights as
    /// they are and puts the rows on the skip list; the third in a row rolls back.
    bool train_step();
    /// False when a weight was not finite and the run was rolled back. Before what is to be kept.
    bool require_finite_weights();
    /// Begins to save the present state (or, with `wait`, saves it); Error when the data have
    /// changed.
    void save(bool wait);
    /// Completes a save that is under way, at the end of each step.
    void poll_save();
    /// One line of metrics.jsonl.
    void note(nlohmann::ordered_json const& line) { reporter_.note(line); }
    /// Remembers the present step where `score` is above all before: its checkpoint stays.
    void note_score(double score);
    /// Takes the weights of the checkpoint of step `step`; no further step may follow.
    void take_weights_of(std::int64_t step);

    /// What the rank that took the most memory has taken so far. Collective.
    void log_peak_memory() const;

    RunFolder const& folder() const { return folder_; }
    RunIdentity const& identity() const { return identity_; }
    /// What a forward pass needs; its batches have one of the task's forms.
    Context& context() { return context_; }
    TrainingMemory<T>& memory() { return memory_; }

  private:
    /// Takes the newest valid checkpoint and returns its path; takes the first weights and returns
    /// an empty text when there is none.
    std::string load_newest();
    void take_first_weights();
    void start_loader();
    /// What the run works with; free_memory in bytes, after everything is taken.
    void log_start(std::int64_t free_memory) const;
    /// Forward, backward and sum of a step's rows; `targets` of all ranks.
    StepSums gradients_of(StepBatches const& batches, TargetCounts const& targets,
                          std::int64_t step);
    void apply(StepSums const& sums, TargetCounts const& targets, std::uint64_t rows_digest);
    void leave_out(StepBatches const& batches, std::string const& reason);
    /// Back to the newest checkpoint (or the first weights); the rows that led from there to here
    /// go to the skip list. Error at the third time without a new checkpoint.
    void roll_back(std::string const& reason);
    /// Waits for the save under way.
    void finish_save();
    void note_saved();
    /// Where the checkpoint of the best validation is missing or damaged, another is looked for.
    void forget_lost_best();
    /// Names newest and best for people, and removes what need not stay.
    void tidy_checkpoints(std::string const& newest, std::int64_t best_step);

    RunConfig config_;
    TrainingTask task_;
    Communicator const& world_;
    RunFolder folder_;
    DeviceCollectives collectives_;
    TrainingMemory<T> memory_;
    Context context_;
    Schedule schedule_;
    RunIdentity identity_;
    RunProgress progress_;
    std::unique_ptr<BatchLoader> loader_;
    StepReporter reporter_;
    CheckpointSaver saver_;
    Injection injection_;
    double stood_still_ = 0;         // seconds of the save under way in which no step was made
    std::string saving_;             // path of the save under way
    std::int64_t saving_best_ = -1;  // RunProgress::best_step in it
    int roll_backs_ = 0;             // since the newest checkpoint
};

}  // namespace dnagpt
