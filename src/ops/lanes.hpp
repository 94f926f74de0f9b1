#pragma once

#include <cstdint>

#include "team_loops.hpp"

namespace dnagpt {

/// Neighbouring elements that one thread works on at a time: a CPU's vector registers, one on a
/// GPU, whose threads are the lanes.
inline constexpr int lane_count = on_host ? 32 : 1;

/// The sum of a[i] b[i] for i < count, lane by lane and then over the lanes in pairs.
template <class A, class T>
KOKKOS_INLINE_FUNCTION A dot_product(T const* a, T const* b, std::int64_t count) {
    A partial[lane_count] = {};
    std::int64_t i = 0;
    for (; i + lane_count <= count; i += lane_count) {
        for (int lane = 0; lane < lane_count; ++lane) {
            partial[lane] += static_cast<A>(a[i + lane]) * static_cast<A>(b[i + lane]);
        }
    }
    for (int width = lane_count / 2; width > 0; width /= 2) {
        for (int lane = 0; lane < width; ++lane) {
            partial[lane] += partial[lane + width];
        }
    }
    for (; i < count; ++i) {
        partial[0] += static_cast<A>(a[i]) * static_cast<A>(b[i]);
    }
    return partial[0];
}

/// output[lane] = factor x the sum of weights[t] rows[t stride + lane] for t < count, for the first
/// `lanes` lanes.
template <class A, class T>
KOKKOS_INLINE_FUNCTION void weighted_sum(A const* weights, T const* rows, std::int64_t stride,
                                         std::int64_t count, A factor, int lanes, T* output) {
    A sums[lane_count] = {};
    if (lanes == lane_count) {
        for (std::int64_t t = 0; t < count; ++t) {
            for (int lane = 0; lane < lane_count; ++lane) {
                sums[lane] += weights[t] * static_cast<A>(rows[t * stride + lane]);
            }
        }
    } else {
        for (std::int64_t t = 0; t < count; ++t) {
            for (int lane = 0; lane < lanes; ++lane) {
                sums[lane] += weights[t] * static_cast<A>(rows[t * stride + lane]);
            }
        }
    }
    for (int lane = 0; lane < lanes; ++lane) {
        output[lane] = T(sums[lane] * factor);
    }
}

}  // namespace dnagpt
