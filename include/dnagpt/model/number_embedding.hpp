#pragma once

#include <cstdint>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/device/arena.hpp"
#include "dnagpt/device/views.hpp"
#include "dnagpt/model/head.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// hidden (B T, C) row positions[i] += the embedding of numbers[i]: a number takes the place of a
/// token. numbers, positions (N), positions distinct; N may be 0.
template <class T>
void number_embedding_forward(Context& context, HeadParams<T> const& params, Vector<float> numbers,
                              Vector<std::int32_t> positions, Matrix<T> hidden);

/// grads += from dhidden (B T, C), which is only read. The forward pass is computed again.
template <class T>
void number_embedding_backward(Context& context, HeadParams<T> const& params, Vector<float> numbers,
                               Vector<std::int32_t> positions, Matrix<T> dhidden,
                               HeadParams<accum_t<T>> const& grads);

/// Takes from `scratch` what the two functions above take at most, for any N.
template <class T>
void number_embedding_scratch(std::int64_t channels, Arena& scratch);

}  // namespace dnagpt
