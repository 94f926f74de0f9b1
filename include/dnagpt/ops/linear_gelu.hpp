#pragma once

#include "dnagpt/device/views.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// A linear layer and GELU in one product where the library has it and it was faster when timed
/// (GemmEngine::choose_by_timing), one after the other elsewhere.

/// pre_activation (R, out) = input (R, in) weight^T, output (R, out) = gelu of it.
template <class T>
void linear_gelu_forward(Context& context, Matrix<T> input, Matrix<T> weight,
                         Matrix<T> pre_activation, Matrix<T> output);

/// Assigns pre_activation again, bit by bit as linear_gelu_forward did; output (R, out) may be
/// overwritten by anything.
template <class T>
void linear_gelu_recompute(Context& context, Matrix<T> input, Matrix<T> weight,
                           Matrix<T> pre_activation, Matrix<T> output);

/// dinput (R, in) = (doutput (R, out) weight) gelu'(pre_activation (R, in)): weight is that of the
/// linear layer behind the activation.
template <class T>
void linear_gelu_backward_input(Context& context, Matrix<T> doutput, Matrix<T> weight,
                                Matrix<T> pre_activation, Matrix<T> dinput);

}  // namespace dnagpt
