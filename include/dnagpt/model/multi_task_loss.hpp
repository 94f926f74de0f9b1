#pragma once

#include <cstdint>

#include "dnagpt/config/model_shape.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/device/arena.hpp"
#include "dnagpt/device/views.hpp"
#include "dnagpt/model/device_batch.hpp"
#include "dnagpt/model/gpt.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// loss = next_token sum(CE of words) + regression sum(squared errors) + answer sum(CE of answers).
/// Each scale is the task's weight divided by the step's global count of its targets; 0 where there
/// are none. A batch's row weights multiply both the sums and the gradients.
struct LossScales {
    float next_token = 0;
    float regression = 0;
    float answer = 0;
    /// Rows of logits held at once; 0: token_head_rows.
    std::int64_t rows_per_block = 0;
};

/// Order of the three sums that start_backward adds to.
inline constexpr int next_token_sum = 0;
inline constexpr int regression_sum = 1;
inline constexpr int answer_sum = 2;
inline constexpr int loss_sums = 3;

/// Rows of (rows, V) logits that take about 32 MiB; a multiple of 64.
template <class T>
std::int64_t token_head_rows(std::int64_t vocabulary_size);

/// After gpt_forward: computes the three losses block of rows by block of rows, so that the (B T,
/// V) logits never exist whole. Adds the unscaled sums (cross-entropy in nats, squared errors) to
/// sums (3), the heads' gradients to `gradients`, and assigns saved.gradient for gpt_backward.
template <class T>
void start_backward(Context& context, GptParams<T> const& params, DeviceBatch const& batch,
                    GptSaved<T> const& saved, LossScales const& scales,
                    GptParams<accum_t<T>> const& gradients, Vector<double> sums);

/// Takes from `scratch` what start_backward and the functions of token_scores.hpp take at most, for
/// batches of at most `positions` = B T.
template <class T>
void head_scratch(ModelShape const& shape, std::int64_t positions, Arena& scratch);

}  // namespace dnagpt
