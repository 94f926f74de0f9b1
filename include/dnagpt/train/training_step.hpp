#pragma once

#include <vector>

#include "dnagpt/config/run_config.hpp"
#include "dnagpt/data/batch.hpp"
#include "dnagpt/ops/context.hpp"
#include "dnagpt/train/training_memory.hpp"

namespace dnagpt {

/// Forward and backward over the micro-batches of this rank, sum over the ranks. `targets` are the
/// step's global counts: each loss is divided by its own, whatever the world size or accumulation.
/// Afterwards the own slices of the gradient stand in memory.gradient_sync.
template <class T>
StepSums compute_gradients(Context& context, TrainingMemory<T>& memory,
                           std::vector<Batch> const& micro_batches, TargetCounts const& targets,
                           TasksSection const& tasks, double max_norm);

/// The step's objective and its three parts as means, from the sums and global counts.
struct StepLosses {
    double loss = 0;
    double next_token = 0;
    double regression = 0;
    double answer = 0;
};
StepLosses mean_losses(StepSums const& sums, TargetCounts const& targets,
                       TasksSection const& tasks);

}  // namespace dnagpt
