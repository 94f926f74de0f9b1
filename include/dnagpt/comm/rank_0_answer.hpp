#pragma once

#include <functional>
#include <string>

#include "dnagpt/comm/communicator.hpp"

namespace dnagpt {

/// The text that `find` gives on rank 0, on every rank; what it throws there is thrown on all.
/// Collective.
std::string rank_0_answer(Communicator const& world, std::function<std::string()> const& find);

}  // namespace dnagpt
