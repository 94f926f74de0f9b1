#pragma once

#include <string>

namespace dnagpt {

/// What this program computes with, as built: "Kokkos 3.4.1 (Serial), oneDNN 2.6.3, HDF5 1.10.8,
/// Open MPI v4.1.4". Starts neither MPI nor Kokkos nor CUDA.
std::string build_libraries();

}  // namespace dnagpt
