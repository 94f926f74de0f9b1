#pragma once

namespace dnagpt {

/// An opaque handle to a queue of device work: a cudaStream_t on NVIDIA GPUs, null on CPUs, where
/// work is done when the call returns.
struct Stream {
    void* handle = nullptr;
};

}  // namespace dnagpt
