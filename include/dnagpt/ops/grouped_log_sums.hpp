#pragma once

#include <cstdint>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/device/views.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// sums (R, G) assigned: log of the sum of exp(logits[r][c]) over the columns c of group g, nats.
/// logits (R, V); members (G, K): the columns of each group, K > 0.
template <class T>
void grouped_log_sums(Context& context, Matrix<T> logits, Matrix<std::int32_t> members,
                      Matrix<double> sums);

}  // namespace dnagpt
