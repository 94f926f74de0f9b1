#pragma once

#include <functional>
#include <string>

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/device/device_session.hpp"

namespace dnagpt {

/// The work of one rank; its result is the exit code.
using RankWork = std::function<int(Communicator const&, DeviceSession const&)>;

/// Starts MPI and Kokkos, prints where each rank runs, does the work and ends both. What is thrown
/// on any rank is printed as "rank r: message" and ends all ranks (MPI_Abort): none is left
/// hanging.
int run_ranks(RankWork const& work);

}  // namespace dnagpt
