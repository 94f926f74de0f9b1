#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dnagpt/config/run_config.hpp"
#include "dnagpt/data/batch.hpp"
#include "dnagpt/data/batch_loader.hpp"
#include "dnagpt/data/finetune_data.hpp"

namespace dnagpt {

/// Whether rows carry the weights of training or count alike.
enum class RowWeights : std::uint8_t { of_training, equal };

/// A batch of rows, filled up on the right with padding to the longest. With the weights of
/// training a row of words is also divided by its number of targets.
Batch make_batch(std::span<FinetuneRow const> rows, RowWeights weights);

/// Numbers of the given rows in groups of similar length: in each, rows times the longest length
/// are at most `positions` (one row always fits). Longest first.
std::vector<std::vector<std::size_t>> pack_by_length(std::span<std::int64_t const> lengths,
                                                     std::int64_t positions);

/// Rows of fine-tuning steps: each epoch is a permutation of the training examples keyed by (seed,
/// epoch), and the step takes the next rows_per_step of this endless line. A step's loss is the
/// mean over its rows of weight times: cross-entropy of the class, squared error of the scaled
/// number, or mean cross-entropy over the words and the stop. The data must outlive the function.
AssembleStep finetuning_steps(FinetuneData const& data, RunConfig const& config,
                              std::int64_t positions, int rank, int world_size);

}  // namespace dnagpt
