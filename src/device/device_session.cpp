#include "dnagpt/device/device_session.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <regex>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/device/views.hpp"
#if defined(DNAGPT_CUDA)
#include "cuda_check.hpp"
#include "cuda_driver.hpp"
#endif

namespace dnagpt {
namespace {

#if defined(DNAGPT_CUDA)
std::string choose_device(int local_rank, int local_size) {
    int devices = 0;
    cudaError_t const status = cudaGetDeviceCount(&devices);
    DNAGPT_VALIDATE(has_cuda_driver() && status == cudaSuccess && devices > 0,
                    << "this build computes on NVIDIA GPUs and finds none ("
                    << (!has_cuda_driver()      ? "this machine has no driver, libcuda.so.1"
                        : status == cudaSuccess ? "no device is visible"
                                                : cudaGetErrorString(status))
                    << "); start it where nvidia-smi lists one, or build for CPUs (cmake --preset "
                       "release)");
    DNAGPT_VALIDATE(local_size <= devices,
                    << local_size << " ranks on a host with " << devices
                    << " visible GPUs (two ranks on one GPU are refused); start one rank per GPU");
    check_cuda(cudaSetDevice(local_rank), "cudaSetDevice");
    // Kokkos chooses once more, by the launcher's variables, unless it is told.
    ::setenv("KOKKOS_DEVICE_ID", std::to_string(local_rank).c_str(), 1);
    ::unsetenv("KOKKOS_VISIBLE_DEVICES");
    cudaDeviceProp properties{};
    check_cuda(cudaGetDeviceProperties(&properties, local_rank), "cudaGetDeviceProperties");
    return properties.name;
}

/// "580.95.05" from the first line of a file that the driver makes; empty where it is not there.
std::string driver_version() {
    std::ifstream file("/proc/driver/nvidia/version");
    std::string line;
    std::getline(file, line);
    std::smatch found;
    return std::regex_search(line, found, std::regex(R"(\s(\d+\.[\d.]+)\s)")) ? found[1].str()
                                                                              : std::string();
}

std::string describe_gpu(int number, std::string const& model) {
    int supported = 0;
    check_cuda(cudaDriverGetVersion(&supported), "cudaDriverGetVersion");
    return fmt::format("GPU {} {}, driver {} (CUDA {}.{})", number, model, driver_version(),
                       supported / 1000, supported / 10 % 100);
}

void require_device(int number) {
    int present = -1;
    check_cuda(cudaGetDevice(&present), "cudaGetDevice");
    DNAGPT_VALIDATE(present == number, << "Kokkos took GPU " << present << " instead of " << number
                                       << " (a setting of its own); unset the variables KOKKOS_*");
}

struct GpuMemory {
    std::size_t free = 0;
    std::size_t total = 0;
};

GpuMemory gpu_memory() {
    GpuMemory memory;
    check_cuda(cudaMemGetInfo(&memory.free, &memory.total), "cudaMemGetInfo");
    return memory;
}

std::int64_t free_bytes() {
    return static_cast<std::int64_t>(gpu_memory().free);
}
#else
void require_device(int /*number*/) {}

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
          kokkos(argument_count, nullptr) {
        require_device(rank);
    }
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
    return describe_gpu(scope_->local_rank, scope_->model);
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

std::int64_t used_gpu_memory() {
#if defined(DNAGPT_CUDA)
    GpuMemory const memory = gpu_memory();
    return static_cast<std::int64_t>(memory.total - memory.free);
#else
    return 0;
#endif
}

bool has_devices([[maybe_unused]] int local_size) {
#if defined(DNAGPT_CUDA)
    int devices = 0;
    return cudaGetDeviceCount(&devices) == cudaSuccess && local_size <= devices;
#else
    return true;
#endif
}

std::string device_libraries() {
    std::string text =
        fmt::format("Kokkos {}.{}.{} ({})", KOKKOS_VERSION / 10000, KOKKOS_VERSION / 100 % 100,
                    KOKKOS_VERSION % 100, ExecutionSpace::name());
#if defined(DNAGPT_CUDA)
    text += fmt::format(", CUDA {}.{}", CUDART_VERSION / 1000, CUDART_VERSION / 10 % 100);
#endif
    return text;
}

void device_fence() {
    Kokkos::fence();
}

}  // namespace dnagpt
