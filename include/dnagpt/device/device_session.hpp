#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "dnagpt/core/stream.hpp"

namespace dnagpt {

/// Chooses the rank's device and keeps Kokkos started for the life of the object.
class DeviceSession {
  public:
    /// `local_rank` of `local_size` ranks on this host. On GPUs takes visible GPU number
    /// local_rank; more ranks than GPUs on a host are refused.
    DeviceSession(int local_rank, int local_size);
    ~DeviceSession();
    DeviceSession(DeviceSession const&) = delete;
    DeviceSession& operator=(DeviceSession const&) = delete;

    /// The stream on which every kernel and product of this process runs.
    Stream stream() const;
    /// "CPU Intel(R) Xeon(R) ..., Serial, 1 thread" or "GPU 0 NVIDIA H200, driver
    /// 580.95.05 (CUDA 13.0)".
    std::string description() const;
    /// The device's model alone, for checkpoints: no index, no host.
    std::string model() const;
    /// Memory in bytes that nobody uses: of the GPU, or of the host, which its ranks share. 0:
    /// unknown.
    std::int64_t free_memory() const;

  private:
    struct Scope;
    std::unique_ptr<Scope> scope_;
};

/// Memory of this process' GPU that is in use, by whomever (bytes); 0 on CPUs.
std::int64_t used_gpu_memory();
/// Whether each of so many ranks of a host has a device of its own; always on CPUs.
bool has_devices(int local_size);

/// "Kokkos 3.4.1 (Serial)" or "Kokkos 4.7.1 (Cuda), CUDA 13.0": what this was compiled with.
std::string device_libraries();

/// Waits until the device has done everything asked of it.
void device_fence();

}  // namespace dnagpt
