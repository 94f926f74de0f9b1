#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dnagpt/checkpoint/checkpoint_saver.hpp"
#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/comm/device_collectives.hpp"
#include "dnagpt/config/run_config.hpp"
#include "dnagpt/data/batch_loader.hpp"
#include "dnagpt/data/pretrain_data.hpp"
#include "dnagpt/device/device_session.hpp"
#include "dnagpt/eval/validation.hpp"
#include "dnagpt/genome/vocabulary.hpp"
#include "dnagpt/train/run_folder.hpp"
#include "dnagpt/train/schedule.hpp"
#include "dnagpt/train/state_file.hpp"
#include "dnagpt/train/step_reporter.hpp"
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
    /// Blocks of rows left out so far.
    std::vector<std::int64_t> const& skip_list() const { return progress_.skip_list; }

    /// One step: rows, gradients, update, metrics; true when the update was applied. A non-finite
    /// loss or gradient leaves the weights as they are and puts the rows on the skip list; the
    /// third in a row rolls back.
    bool train_step();
    /// False when a weight was not finite and the run was rolled back. Before what is to be kept.
    bool require_finite_weights();
    /// Scores the validation split and notes it in metrics.jsonl.
    void validate();
    /// Begins to save the present state (or, with `wait`, saves it); Error when a shard has
    /// changed.
    void save(bool wait);
    /// Completes a save that is under way, at the end of each step.
    void poll_save();

    RunIdentity const& identity() const { return identity_; }
    /// Library of the matrix products and its instruction set.
    std::string products() const { return context_.gemm.description(); }
    /// What the kernels read, all weights (padded size).
    Vector<T> weights() const { return memory_.weights.view(); }

  private:
    /// Takes the newest valid checkpoint and returns its path; draws the weights and returns an
    /// empty text when there is none.
    std::string load_newest();
    void start_loader();
    /// What the run works with; free_memory in bytes, after everything is taken.
    void log_start(std::int64_t free_memory) const;
    void leave_out(StepBatches const& batches);
    /// Back to the newest checkpoint (or the first weights); the rows that led from there to here
    /// go to the skip list. Error at the third time without a new checkpoint.
    void roll_back(std::string const& reason);
    void note_saved();

    RunConfig config_;
    Communicator const& world_;
    RunFolder folder_;
    Vocabulary vocabulary_;
    std::string shards_;  // where this host reads them
    PretrainData training_data_;
    std::optional<PretrainData> validation_data_;
    std::optional<ValidationSet> validation_set_;
    DeviceCollectives collectives_;
    TrainingMemory<T> memory_;
    Context context_;
    Schedule schedule_;
    RunIdentity identity_;
    RunProgress progress_;
    std::vector<double> species_weights_;
    std::unique_ptr<BatchLoader> loader_;
    StepReporter reporter_;
    CheckpointSaver saver_;
    std::string saving_;  // path of the save under way
    int left_out_in_a_row_ = 0;
    int roll_backs_ = 0;  // since the newest checkpoint
};

}  // namespace dnagpt
