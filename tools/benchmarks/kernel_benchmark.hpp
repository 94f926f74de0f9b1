#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <vector>

#include "dnagpt/core/random.hpp"
#include "dnagpt/device/buffer.hpp"
#include "dnagpt/device/device_session.hpp"
#include "dnagpt/device/views.hpp"
#include "dnagpt/ops/context.hpp"
#include "dnagpt/ops/linear.hpp"

// What the benchmarks of kernels share: the shapes of the 0.1B model, arrays, the limits of the
// machine that every rate stands beside.

namespace dnagpt {

using Clock = std::chrono::steady_clock;

/// Arrays several times as large as a GPU's L2 cache.
inline constexpr std::int64_t rows = on_host ? 8192 : 131072;
inline constexpr std::int64_t channels = 768;
inline constexpr std::int64_t context_length = 512;
inline constexpr std::int64_t vocabulary = 15659;
inline constexpr std::int64_t heads = 12;
inline constexpr std::int64_t head_dimension = 64;

/// Standard normal values, which repeat after a number of them that no row length divides.
template <class T>
Buffer<T> random_buffer(std::int64_t count) {
    static std::vector<T> const values = [] {
        std::vector<T> drawn(1'000'003);
        for (std::size_t i = 0; i < drawn.size(); ++i) {
            drawn[i] = T(static_cast<float>(random_normal(1, i)));
        }
        return drawn;
    }();
    Buffer<T> buffer("benchmark", count);
    for (std::int64_t first = 0; first < count; first += std::ssize(values)) {
        copy_to_device(values.data(), buffer.data() + first,
                       std::min(std::ssize(values), count - first));
    }
    return buffer;
}

template <class T>
Matrix<T> matrix_of(Buffer<T> const& buffer, std::int64_t columns) {
    return Matrix<T>(buffer.data(), static_cast<std::size_t>(buffer.size() / columns),
                     static_cast<std::size_t>(columns));
}

template <class T>
Buffer<T> device_list(std::vector<T> const& values) {
    Buffer<T> buffer("list", std::ssize(values));
    copy_to_device(values.data(), buffer.data(), buffer.size());
    return buffer;
}

Context make_context();

inline double seconds_since(Clock::time_point began) {
    return std::chrono::duration<double>(Clock::now() - began).count();
}

/// The shortest of some calls, after one that is not counted.
template <class Work>
double shortest(Work const& work) {
    work();
    double best = std::numeric_limits<double>::max();
    for (int repeat = 0; repeat < 5; ++repeat) {
        auto const began = Clock::now();
        work();
        best = std::min(best, seconds_since(began));
    }
    return best;
}

/// Bytes a second that a copy within the device's memory reads and writes.
double memory_limit();

inline constexpr std::int64_t product_limit_size = on_host ? 2048 : 8192;

/// Floating-point operations a second of a product of square matrices of that size.
template <class T>
double product_limit() {
    static double const limit = [] {
        constexpr std::int64_t n = product_limit_size;
        auto context = make_context();
        auto const a = random_buffer<T>(n * n);
        auto const b = random_buffer<T>(n * n);
        Buffer<T> const c("c", n * n);
        return 2.0 * n * n * n / shortest([&] {
                   linear_forward(context, matrix_of(a, n), matrix_of(b, n), matrix_of(c, n));
                   device_fence();
               });
    }();
    return limit;
}

/// Runs `work` and its device part to the end; reports `amount` a second and its share of `limit`.
/// A GPU is waited for after several calls, as in a step.
template <class Work>
void measure_rate(benchmark::State& state, char const* unit, double amount, double limit,
                  Work const& work) {
    constexpr int calls = on_host ? 1 : 16;
    auto const began = Clock::now();
    while (state.KeepRunningBatch(calls)) {
        for (int call = 0; call < calls; ++call) {
            work();
        }
        device_fence();
    }
    double const rate = amount * static_cast<double>(state.iterations()) / seconds_since(began);
    state.counters[unit] = rate / 1e9;
    state.counters["share"] = rate / limit;
}

/// `bytes` a call must read and write at least.
template <class Work>
void measure(benchmark::State& state, double bytes, Work const& work) {
    measure_rate(state, "GB/s", bytes, memory_limit(), work);
}

}  // namespace dnagpt
