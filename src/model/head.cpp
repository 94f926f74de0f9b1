#include "dnagpt/model/head.hpp"

#include "dnagpt/ops/activation.hpp"
#include "dnagpt/ops/layernorm.hpp"
#include "dnagpt/ops/linear.hpp"
#include "ranges.hpp"

namespace dnagpt {

template <class T>
HeadWork<T> layout_head_work(std::int64_t channels, std::int64_t rows, Arena& arena) {
    return {arena.matrix<T>(rows, channels), arena.matrix<T>(rows, channels),
            arena.matrix<T>(rows, channels), arena.vector<accum_t<T>>(rows),
            arena.vector<accum_t<T>>(rows)};
}

template <class T>
void head_forward(Context& context, HeadParams<T> const& params, Matrix<T> input,
                  HeadWork<T> const& work, Matrix<T> output) {
    linear_forward(context, input, params.dense, work.dense);
    silu_forward(context, work.dense, work.active);
    layernorm_forward(context, work.active, params.norm, work.mean, work.rstd, work.normed);
    linear_forward(context, work.normed, params.output, output);
}

template <class T>
void head_backward(Context& context, HeadParams<T> const& params, Matrix<T> input,
                   HeadWork<T> const& work, Matrix<T> doutput, Matrix<T> dinput,
                   HeadParams<accum_t<T>> const& grads) {
    linear_backward_weight(context, doutput, work.normed, grads.output);
    Matrix<T> const gradient = work.normed;
    linear_backward_input(context, doutput, params.output, gradient);
    layernorm_backward(context, work.active, params.norm, work.mean, work.rstd, gradient, gradient,
                       grads.norm, Write::assign);
    silu_backward(context, work.dense, gradient, gradient);
    linear_backward_weight(context, gradient, input, grads.dense);
    if (dinput.data() != nullptr) {
        linear_backward_input(context, gradient, params.dense, dinput);
    }
}

#define DNAGPT_INSTANTIATE(T)                                                                  \
    template HeadWork<T> layout_head_work(std::int64_t, std::int64_t, Arena&);                 \
    template void head_forward(Context&, HeadParams<T> const&, Matrix<T>, HeadWork<T> const&,  \
                               Matrix<T>);                                                     \
    template void head_backward(Context&, HeadParams<T> const&, Matrix<T>, HeadWork<T> const&, \
                                Matrix<T>, Matrix<T>, HeadParams<accum_t<T>> const&);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
