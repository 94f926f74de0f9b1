#pragma once

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/device/views.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// Row r: error = predicted[r] - target[r]. Assigns row_loss[r] = error^2 and
/// dpredicted[r] = 2 scale[r] error. All (N).
template <class T>
void squared_error_forward_backward(Context& context, Vector<T> predicted, Vector<float> target,
                                    Vector<float> scale, Vector<double> row_loss,
                                    Vector<T> dpredicted);

}  // namespace dnagpt
