#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace dnagpt::testing {

inline bool has_gpu() {
    int devices = 0;
    return cudaGetDeviceCount(&devices) == cudaSuccess && devices > 0;
}

inline void require_cuda(cudaError_t status) {
    if (status != cudaSuccess) {
        throw std::runtime_error(cudaGetErrorString(status));
    }
}

/// An array in a GPU's memory for tests that do without Kokkos. Copies wait for the GPU.
template <class T>
class GpuArray {
  public:
    /// Every byte is 0xff at first: a result that was not written is a NaN.
    explicit GpuArray(std::size_t count) : count_(count) {
        require_cuda(cudaMalloc(reinterpret_cast<void**>(&data_), count * sizeof(T)));
        require_cuda(cudaMemset(data_, 0xff, count * sizeof(T)));
        require_cuda(cudaDeviceSynchronize());
    }
    explicit GpuArray(std::vector<T> const& values) : GpuArray(values.size()) {
        require_cuda(cudaMemcpy(data_, values.data(), count_ * sizeof(T), cudaMemcpyHostToDevice));
        require_cuda(cudaDeviceSynchronize());
    }
    ~GpuArray() { cudaFree(data_); }
    GpuArray(GpuArray&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), count_(other.count_) {}
    GpuArray(GpuArray const&) = delete;
    GpuArray& operator=(GpuArray const&) = delete;

    T* data() const { return data_; }
    std::vector<T> host() const {
        require_cuda(cudaDeviceSynchronize());
        std::vector<T> values(count_);
        require_cuda(cudaMemcpy(values.data(), data_, count_ * sizeof(T), cudaMemcpyDeviceToHost));
        return values;
    }

  private:
    T* data_ = nullptr;
    std::size_t count_ = 0;
};

}  // namespace dnagpt::testing
