#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "dnagpt/ops/attention_engine.hpp"

namespace dnagpt {

/// A backward pass that would take more (bytes) takes the sequences in several parts.
constexpr std::int64_t backward_workspace_limit = 256 << 20;

/// Whether NVIDIA's table of what cuDNN's attention can do has the shape (cuDNN Frontend,
/// Operations, Attention: bf16, backward, any GPU since Ampere): D <= 128, a multiple of 8; any T,
/// but T = 1 has no backward pass. Sequences and heads are extents of a grid of CUDA blocks.
inline bool is_cudnn_shape(AttentionShape const& shape) {
    constexpr std::int64_t most_blocks = 65535;
    return shape.batch >= 1 && shape.batch <= most_blocks && shape.heads >= 1 &&
           shape.heads <= most_blocks && shape.context_length >= 2 && shape.head_dimension >= 8 &&
           shape.head_dimension <= 128 && shape.head_dimension % 8 == 0;
}

inline std::int64_t rounded_up(std::int64_t value, std::int64_t step) {
    return (value + step - 1) / step * step;
}

/// At most what a backward pass takes for each sequence (bytes): sums of dO O in float; with
/// determinism dP in bf16, whole blocks of 64 queries by 128 keys, without it dQ in float, the
/// frontend's and the engine's. So the frontend's scaled_dot_product_flash_attention.h (1.32), and
/// what cuDNN 9.19 names for GPUs of compute capability 8.0 to 12.0.
inline std::int64_t backward_sequence_bytes(AttentionShape const& shape) {
    std::int64_t const length = shape.context_length;
    std::int64_t const dprobabilities = 2 * rounded_up(length, 64) * rounded_up(length, 128);
    std::int64_t const dqueries = 2 * 4 * rounded_up(length, 8) * shape.head_dimension;
    return shape.heads * (std::max(dprobabilities, dqueries) + 4 * length);
}

/// The shape of the parts of a backward pass, of which the last may have fewer sequences: as few
/// parts as the limit allows, equal ones, so that they share a plan.
inline AttentionShape backward_part(AttentionShape const& shape) {
    // The part's log_sum_exp must start at a multiple of 16 bytes.
    std::int64_t const step = 4 / std::gcd(shape.heads * shape.context_length, std::int64_t{4});
    std::int64_t const allowed = backward_workspace_limit / backward_sequence_bytes(shape);
    std::int64_t const most = std::max(step, allowed / step * step);
    std::int64_t const parts = (shape.batch + most - 1) / most;
    std::int64_t const each = rounded_up((shape.batch + parts - 1) / parts, step);
    AttentionShape part = shape;
    part.batch = std::min(shape.batch, each);
    return part;
}

/// Of one part, and some to spare; forward passes take less.
inline std::int64_t cudnn_workspace_bytes(AttentionShape const& shape) {
    constexpr std::int64_t spare = 1 << 20;
    return backward_part(shape).batch * backward_sequence_bytes(shape) + spare;
}

}  // namespace dnagpt
