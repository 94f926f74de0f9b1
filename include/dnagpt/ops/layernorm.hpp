#pragma once

#include <cstdint>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/device/views.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

inline constexpr double layernorm_epsilon = 1e-5;

/// output = (input - mean) rstd weight, row by row, variance over C without Bessel's correction
/// (Ba, Kiros, Hinton 2016); no bias. input, output (R, C), weight (C); assigns mean and rstd (R).
template <class T>
void layernorm_forward(Context& context, Matrix<T> input, Vector<T> weight, Vector<accum_t<T>> mean,
                       Vector<accum_t<T>> rstd, Matrix<T> output);

/// dinput (R, C) assigned or added, dweight (C) +=. dinput may be doutput (in place) when assigned.
template <class T>
void layernorm_backward(Context& context, Matrix<T> input, Vector<T> weight,
                        Vector<accum_t<T>> mean, Vector<accum_t<T>> rstd, Matrix<T> doutput,
                        Matrix<T> dinput, Vector<accum_t<T>> dweight, Write write);

/// Takes from `scratch` what layernorm_backward takes: with a counting arena, its size.
template <class T>
void layernorm_scratch(std::int64_t rows, std::int64_t columns, Arena& scratch);

}  // namespace dnagpt
