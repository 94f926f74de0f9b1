#pragma once

#include <optional>
#include <string>

#include "dnagpt/data/pretrain_data.hpp"
#include "dnagpt/eval/validation.hpp"
#include "dnagpt/train/training_run.hpp"

namespace dnagpt {

/// A pretraining run on one rank: its shards, what scores it, and the training.
template <class T>
class PretrainRun {
  public:
    PretrainRun(RunConfig const& config, Communicator const& world, DeviceSession const& device);

    TrainingRun<T>& training() { return training_; }
    /// Scores the validation split and notes it in metrics.jsonl.
    void validate();

  private:
    TrainingTask task(RunConfig const& config) const;

    Communicator const& world_;
    std::string shards_;  // where this host reads them
    PretrainData training_data_;
    std::optional<PretrainData> validation_data_;
    std::optional<ValidationSet> validation_set_;
    TrainingRun<T> training_;
};

}  // namespace dnagpt
