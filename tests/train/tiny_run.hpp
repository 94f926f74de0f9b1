#pragma once

#include <string>

#include "dnagpt/config/run_config.hpp"
#include "harness/shared_folder.hpp"

namespace dnagpt::testing {

/// Writes training and validation shards of two species with repeating text. For one rank.
void write_tiny_shards(std::string const& folder);

/// A model of a few thousand parameters, 20 steps of 8 rows, a checkpoint every 10.
RunConfig tiny_config(SharedFolder const& folder);

}  // namespace dnagpt::testing
