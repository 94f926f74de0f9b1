#pragma once

#include <cstdint>
#include <string>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/device/arena.hpp"
#include "dnagpt/device/views.hpp"
#include "dnagpt/model/tensor_traits.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// Linear(in, C) - SiLU - LayerNorm - Linear(C, out): the token head (C, V), the regression head
/// (C, 1) and the number embedding (1, C).
template <class T>
struct HeadParams {
    Matrix<T> dense;   ///< (C, in)
    Vector<T> norm;    ///< (C)
    Matrix<T> output;  ///< (out, C)
};

/// Extents of the parameters, without memory.
template <class T>
HeadParams<T> unbound_head(std::int64_t in, std::int64_t channels, std::int64_t out) {
    return {unbound_matrix<T>(channels, in), unbound_vector<T>(channels),
            unbound_matrix<T>(out, channels)};
}

/// The list of tensors; `prefix` is "mlm_head.". visit(name, view&, traits).
template <class T, class Visit>
void for_each_tensor(std::string const& prefix, HeadParams<T>& params, Visit&& visit) {
    visit(prefix + "0.weight", params.dense,
          params.dense.extent(1) == 1 ? single_input_weight : linear_weight);
    visit(prefix + "2.weight", params.norm, norm_weight);
    visit(prefix + "3.weight", params.output, linear_weight);
}

/// What forward leaves for a backward that follows at once.
template <class T>
struct HeadWork {
    Matrix<T> dense;          ///< (R, C)
    Matrix<T> active;         ///< (R, C)
    Matrix<T> normed;         ///< (R, C), overwritten by backward
    Vector<accum_t<T>> mean;  ///< (R)
    Vector<accum_t<T>> rstd;  ///< (R)
};

template <class T>
HeadWork<T> layout_head_work(std::int64_t channels, std::int64_t rows, Arena& arena);

/// input (R, in); assigns output (R, out) and work, which has exactly R rows.
template <class T>
void head_forward(Context& context, HeadParams<T> const& params, Matrix<T> input,
                  HeadWork<T> const& work, Matrix<T> output);

/// grads +=. dinput (R, in) assigned; it may be input (in place); without memory: not wanted.
template <class T>
void head_backward(Context& context, HeadParams<T> const& params, Matrix<T> input,
                   HeadWork<T> const& work, Matrix<T> doutput, Matrix<T> dinput,
                   HeadParams<accum_t<T>> const& grads);

}  // namespace dnagpt
