#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dnagpt/comm/communicator.hpp"

namespace dnagpt {

/// The text that `find` gives on rank 0, on every rank; what it throws there is thrown on all.
/// Collective.
std::string rank_0_answer(Communicator const& world, std::function<std::string()> const& find);

/// The same for numbers. Collective.
std::vector<std::int64_t> rank_0_numbers(Communicator const& world,
                                         std::function<std::vector<std::int64_t>()> const& find);

}  // namespace dnagpt
