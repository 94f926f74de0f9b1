#pragma once

#include <functional>
#include <string>

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/config/run_config.hpp"
#include "dnagpt/data/batch_loader.hpp"
#include "dnagpt/train/training_memory.hpp"

namespace dnagpt {

/// Fixes the algorithm of every product of a step before the first one: those that an earlier run
/// stored (GemmEngine::choices) where the library takes them all; else they are timed on the rows
/// of make_trial(), whose gradients are thrown away, and rank 0's become those of all. Products
/// that are met later have the library's own proposals. Nothing is done where the library chooses
/// by itself. Collective.
template <class T>
void choose_products(Context& context, TrainingMemory<T>& memory,
                     std::function<StepBatches()> const& make_trial, std::string const& stored,
                     Communicator const& world);

}  // namespace dnagpt
