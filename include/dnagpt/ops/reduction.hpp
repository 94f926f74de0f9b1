#pragma once

#include <cstdint>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/device/views.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// sum[0] += the sum of values, in double, in an order that depends only on the length.
void add_sum(Context& context, Vector<double> values, Vector<double> sum);

/// sum[0] += the sum of squares of values, in double, in a fixed order.
template <class T>
void add_sum_of_squares(Context& context, Vector<T> values, Vector<double> sum);

/// count[0] += the number of infinities and NaNs, found by their exponent bits (this file is
/// compiled without the flags that let the compiler assume there are none).
template <class T>
void count_non_finite(Context& context, Vector<T> values, Vector<double> count);

}  // namespace dnagpt
