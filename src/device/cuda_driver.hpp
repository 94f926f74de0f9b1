#pragma once

namespace dnagpt {

/// Whether this machine has NVIDIA's driver (libcuda.so.1). The functions of it that Kokkos calls
/// are looked up here when they are called, so that a program which computes nothing starts without
/// it.
bool has_cuda_driver();

}  // namespace dnagpt
