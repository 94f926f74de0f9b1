#pragma once

#include <cstdint>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/device/views.hpp"
#include "dnagpt/ops/context.hpp"
#include "dnagpt/ops/non_finite.hpp"  // IWYU pragma: export

namespace dnagpt {

/// Blocks into which a reduction cuts an array at most, and the scratch that it takes for them.
inline constexpr std::int64_t reduction_blocks = 1024;
inline constexpr std::int64_t reduction_scratch_bytes = reduction_blocks * 8;

/// sum[0] += the sum of values, in double, in an order that depends only on the length.
void add_sum(Context& context, Vector<double> values, Vector<double> sum);

/// sum[0] += the sum of squares of values, in double, in a fixed order.
template <class T>
void add_sum_of_squares(Context& context, Vector<T> values, Vector<double> sum);

}  // namespace dnagpt
