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
    /// "CPU Intel(R) Xeon(R) ..., Serial, 1 thread" or "GPU 0 NVIDIA H200".
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

/// Waits until the device has done everything asked of it.
void device_fence();

}  // namespace dnagpt
