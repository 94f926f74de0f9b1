#pragma once

#include <functional>
#include <string>
#include <type_traits>

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/device/device_session.hpp"

namespace dnagpt {

/// The work of one rank; its result is the exit code.
using RankWork = std::function<int(Communicator const&, DeviceSession const&)>;

/// Starts MPI and Kokkos, prints where each rank runs, does the work and ends both. What is thrown
/// on any rank is printed as "rank r: message" and ends all ranks (MPI_Abort): none is left
/// hanging.
int run_ranks(RankWork const& work);

/// The same with work(std::type_identity<T>(), world, device), T by the name of a precision.
template <class Work>
int run_ranks_in(std::string const& precision, Work const& work) {
    return run_ranks([&](Communicator const& world, DeviceSession const& device) {
        return precision == "bf16" ? work(std::type_identity<bf16>(), world, device)
                                   : work(std::type_identity<float>(), world, device);
    });
}

/// What `read` gives, on every rank; wrong settings stop rank 0 before the others read them: one
/// message.
template <class Read>
auto rank_0_first(Communicator const& world, Read const& read) {
    if (world.rank() == 0) {
        read();
    }
    world.barrier();
    return read();
}

}  // namespace dnagpt
