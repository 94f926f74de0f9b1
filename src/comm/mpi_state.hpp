#pragma once

#include <mpi.h>

#include "dnagpt/comm/communicator.hpp"

namespace dnagpt {

struct Communicator::State {
    MPI_Comm comm = MPI_COMM_NULL;
    int rank = 0;
    int size = 1;
    int local_rank = 0;
    int local_size = 1;
};

/// Throws Error with MPI's own text when a call failed.
void check_mpi(int status, char const* call);

}  // namespace dnagpt
