#include "dnagpt/model/multi_task_loss.hpp"

#include <algorithm>

#include "dnagpt/core/check.hpp"
#include "dnagpt/ops/cross_entropy.hpp"
#include "dnagpt/ops/elementwise.hpp"
#include "dnagpt/ops/layernorm.hpp"
#include "dnagpt/ops/reduction.hpp"
#include "dnagpt/ops/squared_error.hpp"
#include "head_block.hpp"
#include "ranges.hpp"

namespace dnagpt {
namespace {

/// For a CPU's caches; a GPU wants fewer and larger products.
constexpr std::int64_t logits_bytes = std::int64_t{on_host ? 32 : 256} << 20;

struct TokenLoss {
    Vector<float> scale;      ///< (M + A)
    Vector<double> row_loss;  ///< (M + A)
};

TokenLoss take_token_loss(std::int64_t targets, Arena& scratch) {
    return {scratch.vector<float>(targets), scratch.vector<double>(targets)};
}

/// The gradient of a head's input, which replaces its input, is added at the block's positions.
template <class T>
void finish_block(Context& context, HeadParams<T> const& params, HeadBlock<T> const& block,
                  Matrix<T> doutput, Matrix<T> dhidden, HeadParams<accum_t<T>> const& grads) {
    head_backward(context, params, block.hidden, block.work, doutput, block.hidden, grads);
    scatter_add_rows(context, block.hidden, block.positions, dhidden);
}

/// Nothing is done where all weights are 1 (an empty list).
template <class V>
void weigh(Context& context, Vector<float> weights, Vector<V> values) {
    if (rows_of(weights) > 0) {
        multiply(context, weights, values);
    }
}

void add_part(Context& context, Vector<double> row_loss, std::int64_t first, std::int64_t count,
              Vector<double> sums, int which) {
    if (count > 0) {
        add_sum(context, element_range(row_loss, first, count), element_range(sums, which, 1));
    }
}

template <class T>
void token_losses(Context& context, GptParams<T> const& params, DeviceBatch const& batch,
                  GptSaved<T> const& saved, LossScales const& scales,
                  GptParams<accum_t<T>> const& gradients, Vector<double> sums) {
    std::int64_t const words = batch.next_token_count();
    std::int64_t const answers = batch.answer_count();
    ArenaScope const scope(context.scratch);
    TokenLoss const loss = take_token_loss(words + answers, context.scratch);
    if (words > 0) {
        fill(context, element_range(loss.scale, 0, words), scales.next_token);
    }
    if (answers > 0) {
        fill(context, element_range(loss.scale, words, answers), scales.answer);
    }
    weigh(context, batch.target_weights(), loss.scale);
    std::int64_t const rows = scales.rows_per_block > 0
                                  ? scales.rows_per_block
                                  : token_head_rows<T>(params.shape.vocabulary_size);
    std::int64_t const vocabulary = params.shape.vocabulary_size;
    for_each_head_block(context, params.token_head, saved.hidden, batch.target_positions(), rows,
                        suitable_leading_dimension<T>(vocabulary), [&](HeadBlock<T> const& block) {
                            std::int64_t const size = rows_of(block.positions);
                            cross_entropy_forward_backward(
                                context, block.output, vocabulary,
                                element_range(batch.target_ids(), block.first, size),
                                element_range(loss.scale, block.first, size),
                                element_range(loss.row_loss, block.first, size));
                            finish_block(context, params.token_head, block, block.output,
                                         saved.gradient, gradients.token_head);
                        });
    weigh(context, batch.target_weights(), loss.row_loss);
    add_part(context, loss.row_loss, 0, words, sums, next_token_sum);
    add_part(context, loss.row_loss, words, answers, sums, answer_sum);
}

template <class T>
void regression_losses(Context& context, GptParams<T> const& params, DeviceBatch const& batch,
                       GptSaved<T> const& saved, float scale,
                       GptParams<accum_t<T>> const& gradients, Vector<double> sums) {
    std::int64_t const count = rows_of(batch.regression_positions());
    ArenaScope const scope(context.scratch);
    Vector<double> const row_loss = context.scratch.vector<double>(count);
    Vector<float> const scales = context.scratch.vector<float>(count);
    fill(context, scales, scale);
    weigh(context, batch.regression_weights(), scales);
    for_each_head_block(context, params.regression_head, saved.hidden, batch.regression_positions(),
                        head_rows, 1, [&](HeadBlock<T> const& block) {
                            std::int64_t const size = rows_of(block.positions);
                            Matrix<T> const doutput = context.scratch.matrix<T>(size, 1);
                            squared_error_forward_backward(
                                context, flattened(block.output),
                                element_range(batch.regression_targets(), block.first, size),
                                element_range(scales, block.first, size),
                                element_range(row_loss, block.first, size), flattened(doutput));
                            finish_block(context, params.regression_head, block, doutput,
                                         saved.gradient, gradients.regression_head);
                        });
    weigh(context, batch.regression_weights(), row_loss);
    add_part(context, row_loss, 0, count, sums, regression_sum);
}

}  // namespace

template <class T>
std::int64_t token_head_rows(std::int64_t vocabulary_size) {
    constexpr std::int64_t multiple = 64;
    auto const row_bytes = vocabulary_size * static_cast<std::int64_t>(sizeof(T));
    return std::max(logits_bytes / row_bytes / multiple * multiple, multiple);
}

template <class T>
void start_backward(Context& context, GptParams<T> const& params, DeviceBatch const& batch,
                    GptSaved<T> const& saved, LossScales const& scales,
                    GptParams<accum_t<T>> const& gradients, Vector<double> sums) {
    if (batch.positions() == 0) {
        return;
    }
    DNAGPT_EXPECT(rows_of(sums) == loss_sums);
    DNAGPT_EXPECT(batch.positions() <= rows_of(saved.gradient));
    fill(context, flattened(first_rows(saved.gradient, batch.positions())), T(0.0F));
    token_losses(context, params, batch, saved, scales, gradients, sums);
    regression_losses(context, params, batch, saved, scales.regression, gradients, sums);
}

template <class T>
void head_scratch(ModelShape const& shape, std::int64_t positions, Arena& scratch) {
    std::int64_t const mark = scratch.mark();
    std::int64_t const words = std::min(positions, token_head_rows<T>(shape.vocabulary_size));
    HeadBlock<T> block;
    take_token_loss(positions, scratch);
    take_head_block(block, words, shape.channels,
                    suitable_leading_dimension<T>(shape.vocabulary_size), scratch);
    layernorm_scratch<T>(words, shape.channels, scratch);
    scratch.release(mark);
    std::int64_t const values = std::min(positions, head_rows);
    scratch.vector<double>(positions);
    scratch.vector<float>(positions);
    take_head_block(block, values, shape.channels, 1, scratch);
    scratch.matrix<T>(values, 1);
    layernorm_scratch<T>(values, shape.channels, scratch);
}

#define DNAGPT_INSTANTIATE(T)                                                       \
    template std::int64_t token_head_rows<T>(std::int64_t);                         \
    template void start_backward(Context&, GptParams<T> const&, DeviceBatch const&, \
                                 GptSaved<T> const&, LossScales const&,             \
                                 GptParams<accum_t<T>> const&, Vector<double>);     \
    template void head_scratch<T>(ModelShape const&, std::int64_t, Arena&);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
