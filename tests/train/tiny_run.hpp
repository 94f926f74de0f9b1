#pragma once

#include "dnagpt/config/run_config.hpp"
#include "harness/shared_folder.hpp"

namespace dnagpt::testing {

/// Rank 0 writes training and validation shards of two species with repeating text to the folder
/// `shards`; the others wait.
void write_tiny_shards(SharedFolder const& folder, Communicator const& world);

/// A model of a few thousand parameters, 20 steps of 8 rows, a checkpoint every 10.
RunConfig tiny_config(SharedFolder const& folder);

}  // namespace dnagpt::testing
