#pragma once

#include <cuda_runtime_api.h>

#include "dnagpt/core/check.hpp"

namespace dnagpt {

inline void check_cuda(cudaError_t status, char const* call) {
    DNAGPT_VALIDATE(status == cudaSuccess, << call << " failed (" << cudaGetErrorString(status)
                                           << "); look at nvidia-smi");
}

}  // namespace dnagpt
