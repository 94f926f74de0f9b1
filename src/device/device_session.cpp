#include "dnagpt/device/device_session.hpp"

#include <fmt/format.h>

#include <fstream>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/device/views.hpp"
#if defined(DNAGPT_CUDA)
#include <cuda_runtime_api.h>
#endif

namespace dnagpt {
namespace {

#if defined(DNAGPT_CUDA)
void check_cuda(cudaError_t status, char const* call) {
    DNAGPT_VALIDATE(status == cudaSuccess, << call << " failed (" << cudaGetErrorString(status)
                                           << "); look at nvidia-smi");
}

std::string choose_device(int local_rank, int local_size) {
    int devices = 0;
    check_cuda(cudaGetDeviceCount(&devices), "cudaGetDeviceCount");
    DNAGPT_VALIDATE(local_size <= devices,
                    << local_size << " ranks on a host with " << devices
                    << " visible GPUs (two ranks on one GPU are refused); start one rank per GPU");
    check_cuda(cudaSetDevice(local_rank), "cudaSetDevice");
    cudaDeviceProp properties{};
    check_cuda(cudaGetDeviceProperties(&properties, local_rank), "cudaGetDeviceProperties");
    return properties.name;
}

std::int64_t free_bytes() {
    std::size_t free = 0;
    std::size_t total = 0;
    check_cuda(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
    return static_cast<std::int64_t>(free);
}
#else
std::string choose_device(int /*local_rank*/, int /*local_size*/) {
    std::ifstream cpuinfo("/proc/cpuinfo");
    for (std::string line; std::getline(cpuinfo, line);) {
        if (line.rfind("model name", 0) == 0) {
            return line.substr(line.find(':') + 2);
        }
    }
    return "unknown CPU";
}

std::int64_t free_bytes() {
    return host_free_memory();
}
#endif

}  // namespace

struct DeviceSession::Scope {
    std::string model;
    int local_rank;
    int argument_count = 0;
    Kokkos::ScopeGuard kokkos;

    Scope(int rank, int local_size)
        : model(choose_device(rank, local_size)),
          local_rank(rank),
          kokkos(argument_count, nullptr) {}
};

DeviceSession::DeviceSession(int local_rank, int local_size)
    : scope_(std::make_unique<Scope>(local_rank, local_size)) {}

DeviceSession::~DeviceSession() = default;

Stream DeviceSession::stream() const {
#if defined(DNAGPT_CUDA)
    return {ExecutionSpace().cuda_stream()};
#else
    return {};
#endif
}

std::string DeviceSession::description() const {
#if defined(DNAGPT_CUDA)
    return fmt::format("GPU {} {}", scope_->local_rank, scope_->model);
#else
    return fmt::format("CPU {}, {}, {} threads", scope_->model, ExecutionSpace::name(),
                       ExecutionSpace().concurrency());
#endif
}

std::string DeviceSession::model() const {
    return scope_->model;
}

std::int64_t DeviceSession::free_memory() const {
    return free_bytes();
}

void device_fence() {
    Kokkos::fence();
}

}  // namespace dnagpt
