#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/device/device_session.hpp"
#include "dnagpt/ops/gemm.hpp"
#include "kernel_benchmark.hpp"

// Each operation at the shapes of the 0.1B model, on one core (set OMP_NUM_THREADS=1): GB/s of what
// it must read and write, beside what memcpy of arrays larger than the caches moves; GFLOP/s of
// products, beside a product of large square matrices. `share` is the share of that limit.

int main(int argc, char** argv) {
    dnagpt::DeviceSession const device(0, 1);
    benchmark::AddCustomContext("device", device.description());
    benchmark::AddCustomContext("products", dnagpt::GemmEngine().description());
    benchmark::AddCustomContext("memcpy, read and written (GB/s)",
                                fmt::format("{:.1f}", dnagpt::memory_limit() / 1e9));
    benchmark::AddCustomContext(
        fmt::format("product of {0} x {0}, float and bf16 (GFLOP/s)", dnagpt::product_limit_size),
        fmt::format("{:.1f} {:.1f}", dnagpt::product_limit<float>() / 1e9,
                    dnagpt::product_limit<dnagpt::bf16>() / 1e9));
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
