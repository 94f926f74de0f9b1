#include "dnagpt/model/attention_block.hpp"

#include "dnagpt/core/check.hpp"
#include "dnagpt/ops/elementwise.hpp"
#include "dnagpt/ops/layernorm.hpp"
#include "dnagpt/ops/linear.hpp"
#include "ranges.hpp"

namespace dnagpt {
namespace {

/// dattended is also the gradient of the normalised input; forward uses only the first three.
template <class T>
struct Scratch {
    Matrix<T> normed;
    Vector<accum_t<T>> mean;
    Vector<accum_t<T>> rstd;
    Matrix<T> dattended;
    Matrix<T> dqkv;
};

template <class T>
void take_normed(Scratch<T>& taken, std::int64_t positions, std::int64_t channels, Arena& scratch) {
    taken.normed = scratch.matrix<T>(positions, channels);
    taken.mean = scratch.vector<accum_t<T>>(positions);
    taken.rstd = scratch.vector<accum_t<T>>(positions);
}

template <class T>
void take_gradients(Scratch<T>& taken, std::int64_t positions, std::int64_t channels,
                    Arena& scratch) {
    taken.dattended = scratch.matrix<T>(positions, channels);
    taken.dqkv = scratch.matrix<T>(positions, 3 * channels);
}

template <class T>
AttentionBlockSaved<T> first_positions(AttentionBlockSaved<T> const& saved,
                                       AttentionShape const& shape) {
    std::int64_t const positions = shape.batch * shape.context_length;
    return {first_rows(saved.input, positions), first_rows(saved.qkv, positions),
            first_rows(saved.attended, positions),
            element_range(saved.log_sum_exp, 0, positions * shape.heads)};
}

/// Assigns everything saved but the input.
template <class T>
void attend(Context& context, AttentionBlockParams<T> const& params, AttentionShape const& shape,
            AttentionBlockSaved<T> const& used) {
    ArenaScope const scope(context.scratch);
    Scratch<T> taken;
    take_normed(taken, rows_of(used.input), columns_of(used.input), context.scratch);
    layernorm_forward(context, used.input, params.norm, taken.mean, taken.rstd, taken.normed);
    linear_forward(context, taken.normed, params.qkv, used.qkv);
    attention_forward(context, shape, used.qkv, used.attended, used.log_sum_exp);
}

}  // namespace

template <class T>
AttentionBlockSaved<T> layout_attention_block_saved(ModelShape const& shape, std::int64_t positions,
                                                    Arena& arena) {
    AttentionBlockSaved<T> saved;
    saved.qkv = arena.matrix<T>(positions, 3 * shape.channels);
    saved.attended = arena.matrix<T>(positions, shape.channels);
    saved.log_sum_exp = arena.vector<accum_t<T>>(positions * shape.heads);
    return saved;
}

template <class T>
void attention_block_forward(Context& context, AttentionBlockParams<T> const& params,
                             AttentionShape const& shape, AttentionBlockSaved<T> const& saved,
                             Matrix<T> output) {
    AttentionBlockSaved<T> const used = first_positions(saved, shape);
    DNAGPT_EXPECT(output.extent(0) == used.input.extent(0));
    attend(context, params, shape, used);
    if (output.data() != used.input.data()) {
        convert(context, flattened(used.input), flattened(output));
    }
    linear_forward(context, used.attended, params.proj, output, Write::add);
}

template <class T>
void attention_block_recompute(Context& context, AttentionBlockParams<T> const& params,
                               AttentionShape const& shape, AttentionBlockSaved<T> const& saved) {
    attend(context, params, shape, first_positions(saved, shape));
}

template <class T>
void attention_block_backward(Context& context, AttentionBlockParams<T> const& params,
                              AttentionShape const& shape, AttentionBlockSaved<T> const& saved,
                              Matrix<T> gradient, AttentionBlockParams<accum_t<T>> const& grads) {
    AttentionBlockSaved<T> const used = first_positions(saved, shape);
    DNAGPT_EXPECT(gradient.extent(0) == used.input.extent(0));
    ArenaScope const scope(context.scratch);
    Scratch<T> taken;
    take_normed(taken, rows_of(gradient), columns_of(gradient), context.scratch);
    take_gradients(taken, rows_of(gradient), columns_of(gradient), context.scratch);
    linear_backward_weight(context, gradient, used.attended, grads.proj);
    linear_backward_input(context, gradient, params.proj, taken.dattended);
    attention_backward(context, shape, used.qkv, used.attended, used.log_sum_exp, taken.dattended,
                       taken.dqkv);
    layernorm_forward(context, used.input, params.norm, taken.mean, taken.rstd, taken.normed);
    linear_backward_weight(context, taken.dqkv, taken.normed, grads.qkv);
    Matrix<T> const dnormed = taken.dattended;
    linear_backward_input(context, taken.dqkv, params.qkv, dnormed);
    layernorm_backward(context, used.input, params.norm, taken.mean, taken.rstd, dnormed, gradient,
                       grads.norm, Write::add);
}

template <class T>
void attention_block_scratch(AttentionShape const& shape, Arena& scratch) {
    std::int64_t const positions = shape.batch * shape.context_length;
    std::int64_t const channels = shape.heads * shape.head_dimension;
    Scratch<T> taken;
    take_normed(taken, positions, channels, scratch);
    take_gradients(taken, positions, channels, scratch);
    attention_scratch<T>(shape, scratch);
    layernorm_scratch<T>(positions, channels, scratch);
}

#define DNAGPT_INSTANTIATE(T)                                                                      \
    template AttentionBlockSaved<T> layout_attention_block_saved(ModelShape const&, std::int64_t,  \
                                                                 Arena&);                          \
    template void attention_block_forward(Context&, AttentionBlockParams<T> const&,                \
                                          AttentionShape const&, AttentionBlockSaved<T> const&,    \
                                          Matrix<T>);                                              \
    template void attention_block_recompute(Context&, AttentionBlockParams<T> const&,              \
                                            AttentionShape const&, AttentionBlockSaved<T> const&); \
    template void attention_block_backward(Context&, AttentionBlockParams<T> const&,               \
                                           AttentionShape const&, AttentionBlockSaved<T> const&,   \
                                           Matrix<T>, AttentionBlockParams<accum_t<T>> const&);    \
    template void attention_block_scratch<T>(AttentionShape const&, Arena&);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
