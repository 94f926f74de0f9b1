#include "dnagpt/model/mlp_block.hpp"

#include "dnagpt/core/check.hpp"
#include "dnagpt/ops/activation.hpp"
#include "dnagpt/ops/elementwise.hpp"
#include "dnagpt/ops/layernorm.hpp"
#include "dnagpt/ops/linear.hpp"
#include "dnagpt/ops/linear_gelu.hpp"
#include "ranges.hpp"

namespace dnagpt {
namespace {

/// `active` becomes the gradient of fc once the activation has been used.
template <class T>
struct Scratch {
    Matrix<T> normed;
    Vector<accum_t<T>> mean;
    Vector<accum_t<T>> rstd;
    Matrix<T> active;
    Matrix<T> dnormed;
};

template <class T>
Scratch<T> take_scratch(std::int64_t channels, std::int64_t positions, Arena& scratch) {
    return {scratch.matrix<T>(positions, channels), scratch.vector<accum_t<T>>(positions),
            scratch.vector<accum_t<T>>(positions), scratch.matrix<T>(positions, 4 * channels),
            scratch.matrix<T>(positions, channels)};
}

}  // namespace

template <class T>
MlpBlockSaved<T> layout_mlp_block_saved(ModelShape const& shape, std::int64_t positions,
                                        Arena& arena) {
    MlpBlockSaved<T> saved;
    saved.fc = arena.matrix<T>(positions, 4 * shape.channels);
    return saved;
}

template <class T>
void mlp_block_forward(Context& context, MlpBlockParams<T> const& params,
                       MlpBlockSaved<T> const& saved, Matrix<T> output) {
    Matrix<T> const input = first_rows(saved.input, rows_of(output));
    Matrix<T> const fc = first_rows(saved.fc, rows_of(output));
    ArenaScope const scope(context.scratch);
    Scratch<T> const taken = take_scratch<T>(columns_of(output), rows_of(output), context.scratch);
    layernorm_forward(context, input, params.norm, taken.mean, taken.rstd, taken.normed);
    linear_gelu_forward(context, taken.normed, params.fc, fc, taken.active);
    if (output.data() != input.data()) {
        convert(context, flattened(input), flattened(output));
    }
    linear_forward(context, taken.active, params.proj, output, Write::add);
}

template <class T>
void mlp_block_recompute(Context& context, MlpBlockParams<T> const& params,
                         MlpBlockSaved<T> const& saved, std::int64_t rows) {
    Matrix<T> const input = first_rows(saved.input, rows);
    ArenaScope const scope(context.scratch);
    Scratch<T> const taken = take_scratch<T>(columns_of(input), rows, context.scratch);
    layernorm_forward(context, input, params.norm, taken.mean, taken.rstd, taken.normed);
    linear_gelu_recompute(context, taken.normed, params.fc, first_rows(saved.fc, rows),
                          taken.active);
}

template <class T>
void mlp_block_backward(Context& context, MlpBlockParams<T> const& params,
                        MlpBlockSaved<T> const& saved, Matrix<T> gradient,
                        MlpBlockParams<accum_t<T>> const& grads) {
    Matrix<T> const input = first_rows(saved.input, rows_of(gradient));
    Matrix<T> const fc = first_rows(saved.fc, rows_of(gradient));
    ArenaScope const scope(context.scratch);
    Scratch<T> const taken =
        take_scratch<T>(columns_of(gradient), rows_of(gradient), context.scratch);
    gelu_forward(context, fc, taken.active);
    linear_backward_weight(context, gradient, taken.active, grads.proj);
    Matrix<T> const dfc = taken.active;
    linear_gelu_backward_input(context, gradient, params.proj, fc, dfc);
    layernorm_forward(context, input, params.norm, taken.mean, taken.rstd, taken.normed);
    linear_backward_weight(context, dfc, taken.normed, grads.fc);
    linear_backward_input(context, dfc, params.fc, taken.dnormed);
    layernorm_backward(context, input, params.norm, taken.mean, taken.rstd, taken.dnormed, gradient,
                       grads.norm, Write::add);
}

template <class T>
void mlp_block_scratch(std::int64_t channels, std::int64_t positions, Arena& scratch) {
    take_scratch<T>(channels, positions, scratch);
    layernorm_scratch<T>(positions, channels, scratch);
}

#define DNAGPT_INSTANTIATE(T)                                                                      \
    template MlpBlockSaved<T> layout_mlp_block_saved(ModelShape const&, std::int64_t, Arena&);     \
    template void mlp_block_forward(Context&, MlpBlockParams<T> const&, MlpBlockSaved<T> const&,   \
                                    Matrix<T>);                                                    \
    template void mlp_block_recompute(Context&, MlpBlockParams<T> const&, MlpBlockSaved<T> const&, \
                                      std::int64_t);                                               \
    template void mlp_block_backward(Context&, MlpBlockParams<T> const&, MlpBlockSaved<T> const&,  \
                                     Matrix<T>, MlpBlockParams<accum_t<T>> const&);                \
    template void mlp_block_scratch<T>(std::int64_t, std::int64_t, Arena&);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
