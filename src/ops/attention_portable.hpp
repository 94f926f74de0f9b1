#pragma once

#include "dnagpt/ops/attention.hpp"

namespace dnagpt {

/// The functions of attention.hpp on (query block x key block) tiles through matrix products, for
/// every element type and shape; they skip the masked half. Operands have been checked.
template <class T>
void portable_attention_forward(Context& context, AttentionShape const& shape, Matrix<T> qkv,
                                Matrix<T> output, Vector<accum_t<T>> log_sum_exp);
template <class T>
void portable_attention_backward(Context& context, AttentionShape const& shape, Matrix<T> qkv,
                                 Matrix<T> output, Vector<accum_t<T>> log_sum_exp,
                                 Matrix<T> doutput, Matrix<T> dqkv);
template <class T>
void portable_attention_scratch(AttentionShape const& shape, Arena& scratch);

}  // namespace dnagpt
