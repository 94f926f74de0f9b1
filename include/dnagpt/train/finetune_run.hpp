#pragma once

#include <memory>
#include <vector>

#include "dnagpt/data/finetune_data.hpp"
#include "dnagpt/eval/finetune_predictions.hpp"
#include "dnagpt/train/starting_checkpoint.hpp"
#include "dnagpt/train/training_run.hpp"

namespace dnagpt {

/// `config` with the starting checkpoint's model; Error where [model] describes another one.
RunConfig with_stored_model(RunConfig config, StartingCheckpoint const& start);

/// One fine-tuning run on one rank: a seed, a split.
template <class T>
class FinetuneRun {
  public:
    /// `config` as with_stored_model gives it.
    FinetuneRun(RunConfig const& config, StartingCheckpoint start, Communicator const& world,
                DeviceSession const& device);

    TrainingRun<T>& training() { return *training_; }
    FinetuneData const& data() const { return data_; }
    /// Whether step `step` is the first to have finished an epoch, or the last of the run.
    bool ends_epoch(std::int64_t step) const;
    std::int64_t epoch_of(std::int64_t step) const;
    /// Scores the validation split, notes it in metrics.jsonl, remembers the best.
    void validate();
    /// Takes the best step's weights (the last one's without validation) and predicts validation
    /// and test. No further step may follow.
    std::vector<Prediction> predict_held_out();
    /// The step whose weights predict_held_out takes.
    std::int64_t chosen_step() const;

  private:
    TrainingTask task() const;
    std::vector<Prediction> predict_examples(std::vector<ExamplePlace> const& places);

    RunConfig config_;
    StartingCheckpoint start_;
    Communicator const& world_;
    FinetuneData data_;
    std::int64_t rows_per_epoch_;
    std::int64_t positions_;  // of a micro-batch
    std::unique_ptr<TrainingRun<T>> training_;
};

}  // namespace dnagpt
