#pragma once

#include "dnagpt/comm/communicator.hpp"

namespace dnagpt::testing {

/// The communicator of the running tests.
Communicator const& world();

/// Runs the tests on every rank and returns the exit status that all ranks share: 1 when a test
/// failed on any rank, or when a rank had no test to run. Ranks above 0 print only failures.
int run_tests_together(Communicator const& world);

}  // namespace dnagpt::testing
