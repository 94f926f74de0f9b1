#pragma once

#include "dnagpt/device/views.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// GELU in the tanh form (Hendrycks, Gimpel 2016): 0.5 x (1 + tanh(sqrt(2/pi)(x + 0.044715 x^3))).
/// All (R, C); output assigned.
template <class T>
void gelu_forward(Context& context, Matrix<T> input, Matrix<T> output);
/// dinput assigned; it may be doutput (in place).
template <class T>
void gelu_backward(Context& context, Matrix<T> input, Matrix<T> doutput, Matrix<T> dinput);

/// SiLU: x / (1 + exp(-x)).
template <class T>
void silu_forward(Context& context, Matrix<T> input, Matrix<T> output);
/// dinput assigned; it may be doutput (in place).
template <class T>
void silu_backward(Context& context, Matrix<T> input, Matrix<T> doutput, Matrix<T> dinput);

}  // namespace dnagpt
