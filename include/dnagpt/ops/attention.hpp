#pragma once

#include <cstdint>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/device/views.hpp"
#include "dnagpt/ops/attention_engine.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// Causal attention, softmax(Q K^T / sqrt(D)) V per head. qkv (B T, 3C): q, k, v side by side,
/// heads side by side in each. Assigns output (B T, C) and log_sum_exp (B H T), which backward
/// reads. bf16 runs on context.attention where that takes the shape; all else in tiles,
/// which never hold a (T, T) matrix.
template <class T>
void attention_forward(Context& context, AttentionShape const& shape, Matrix<T> qkv,
                       Matrix<T> output, Vector<accum_t<T>> log_sum_exp);

/// dqkv (B T, 3C) assigned.
template <class T>
void attention_backward(Context& context, AttentionShape const& shape, Matrix<T> qkv,
                        Matrix<T> output, Vector<accum_t<T>> log_sum_exp, Matrix<T> doutput,
                        Matrix<T> dqkv);

/// Takes from `scratch` what the two functions above take at most: with a counting arena, its size.
template <class T>
void attention_scratch(AttentionShape const& shape, Arena& scratch);

}  // namespace dnagpt
