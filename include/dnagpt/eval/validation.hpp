#pragma once

#include <cstdint>
#include <vector>

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/data/evaluation_windows.hpp"
#include "dnagpt/data/pretrain_data.hpp"
#include "dnagpt/data/pretrain_tasks.hpp"
#include "dnagpt/data/sampler.hpp"
#include "dnagpt/eval/scores.hpp"
#include "dnagpt/genome/vocabulary.hpp"
#include "dnagpt/model/device_batch.hpp"
#include "dnagpt/model/gpt.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

struct ValidationSettings {
    std::int64_t windows_per_species = 64;    ///< windows for bits per base; 0: all
    std::int64_t task_rows_per_species = 64;  ///< rows with the three pretraining tasks
    std::int64_t context_length = 0;
    std::int64_t micro_batch = 8;
    std::uint64_t seed = 1;
};

/// The rows that are scored: fixed by the settings, the same for any model and world size.
class ValidationSet {
  public:
    /// The data must outlive the set.
    ValidationSet(PretrainData const& data, Vocabulary vocabulary,
                  ValidationSettings const& settings);

    PretrainData const& data() const { return data_; }
    Vocabulary vocabulary() const { return vocabulary_; }
    ValidationSettings const& settings() const { return settings_; }
    /// Of T - 5 words at most, the words of a training row (docs/decisions/0009).
    std::vector<EvaluationWindow> const& windows() const { return windows_; }
    /// Which words of each window are novel (data/novel_bases.hpp); empty: not asked for.
    std::vector<std::vector<std::uint8_t>> novel;

    /// Task rows of all species, numbered 0 .. task_rows() - 1, species by species.
    std::int64_t task_rows() const { return task_starts_.back(); }
    /// One of them as it is shown.
    struct TaskRow {
        std::int32_t species = 0;
        std::vector<std::uint16_t> units;  ///< T - 5 words and joins, turned round if drawn so
        ExampleChoice choice;
    };
    TaskRow task_row(std::int64_t number) const;
    /// Rows [first, first + rows) with their targets, as in pretraining.
    Batch task_batch(std::int64_t first, std::int64_t rows) const;

  private:
    PretrainData const& data_;
    Vocabulary vocabulary_;
    ValidationSettings settings_;
    std::vector<EvaluationWindow> windows_;
    Sampler sampler_;
    std::vector<std::int64_t> task_starts_;
};

/// Scores a model on the set: each rank takes its share of the batches, the sums are those of all
/// ranks. saved and batch must have room for micro_batch rows. One entry per species of the data.
template <class T>
std::vector<SpeciesSums> score_validation(Context& context, GptParams<T> const& params,
                                          GptSaved<T> const& saved, DeviceBatch& batch,
                                          ValidationSet const& set, Communicator const& world);

}  // namespace dnagpt
