#pragma once

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/device/views.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// count[0] += the number of infinities and NaNs, found by their exponent bits (its source is
/// compiled without the flags that let the compiler assume there are none). Takes
/// reduction_scratch_bytes of scratch.
template <class T>
void count_non_finite(Context& context, Vector<T> values, Vector<double> count);

}  // namespace dnagpt
