#pragma once

#include <string>

#include "dnagpt/comm/communicator.hpp"

namespace dnagpt {

/// Error on every rank when the ranks' texts differ: names `what` it is, the first rank that
/// differs from rank 0, the first line in which it does, and the advice. Collective.
void require_same(Communicator const& world, std::string const& what, std::string const& text,
                  std::string const& advice);

}  // namespace dnagpt
