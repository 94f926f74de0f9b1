#pragma once

#include <cstdint>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/device/views.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// Masked cross-entropy over rows of logits, the first V columns of (R, V or more), fused with its
/// gradient. Row r with target
/// targets[r] >= 0 has loss -log softmax(logits[r])[target]; a negative target masks the row.
/// Assigns row_loss (R), 0 where masked, and overwrites the logits by their gradient
/// scale[r] (softmax - onehot), 0 where masked. scale (R).
template <class T>
void cross_entropy_forward_backward(Context& context, Matrix<T> logits, std::int64_t vocabulary,
                                    Vector<std::int32_t> targets, Vector<float> scale,
                                    Vector<double> row_loss);

/// row_loss (R) assigned: the loss of each row, 0 where masked; logits are only read.
template <class T>
void cross_entropy_forward(Context& context, Matrix<T> logits, Vector<std::int32_t> targets,
                           Vector<double> row_loss);

}  // namespace dnagpt
