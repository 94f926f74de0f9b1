#pragma once

#include <cstdint>

#include "dnagpt/device/views.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// The products of a linear layer (out, in) over `rows` rows, as the functions below make them.
GemmShape linear_forward_product(std::int64_t rows, std::int64_t out, std::int64_t in);
GemmShape linear_backward_input_product(std::int64_t rows, std::int64_t out, std::int64_t in);

/// output (R, out) = input (R, in) weight^T, weight (out, in) as PyTorch stores it; assigned or
/// added. Here and below the rows of output and doutput may be longer than out: what stands behind
/// is neither read nor written.
template <class T>
void linear_forward(Context& context, Matrix<T> input, Matrix<T> weight, Matrix<T> output,
                    Write write = Write::assign);

/// dinput (R, in) = doutput (R, out) weight, assigned or added.
template <class T>
void linear_backward_input(Context& context, Matrix<T> doutput, Matrix<T> weight, Matrix<T> dinput,
                           Write write = Write::assign);

/// dweight (out, in) += doutput^T (out, R) input (R, in).
template <class T>
void linear_backward_weight(Context& context, Matrix<T> doutput, Matrix<T> input,
                            Matrix<accum_t<T>> dweight);

}  // namespace dnagpt
