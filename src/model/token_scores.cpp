#include "dnagpt/model/token_scores.hpp"

#include <algorithm>
#include <cmath>

#include "dnagpt/device/buffer.hpp"
#include "dnagpt/model/multi_task_loss.hpp"
#include "dnagpt/ops/cross_entropy.hpp"
#include "dnagpt/ops/grouped_log_sums.hpp"
#include "head_block.hpp"
#include "ranges.hpp"

namespace dnagpt {
namespace {

template <class T>
std::vector<float> to_host_floats(Matrix<T> const& matrix) {
    std::vector<T> const values =
        to_host(matrix.data(), static_cast<std::int64_t>(matrix.extent(0) * matrix.extent(1)));
    std::vector<float> floats(values.size());
    std::transform(values.begin(), values.end(), floats.begin(),
                   [](T value) { return static_cast<float>(value); });
    return floats;
}

template <class T>
std::vector<double> token_losses(Context& context, GptParams<T> const& params,
                                 DeviceBatch const& batch, GptSaved<T> const& saved) {
    std::vector<std::int32_t> const& positions = batch.host_target_positions();
    std::vector<double> scattered(static_cast<std::size_t>(batch.positions()), 0.0);
    ArenaScope const scope(context.scratch);
    Vector<double> const row_loss =
        context.scratch.vector<double>(rows_of(batch.target_positions()));
    for_each_head_block(context, params.token_head, saved.hidden, batch.target_positions(),
                        token_head_rows<T>(params.shape.vocabulary_size),
                        params.shape.vocabulary_size, [&](HeadBlock<T> const& block) {
                            std::int64_t const size = rows_of(block.positions);
                            cross_entropy_forward(
                                context, block.output,
                                element_range(batch.target_ids(), block.first, size),
                                element_range(row_loss, block.first, size));
                        });
    std::vector<double> const losses = to_host(row_loss.data(), rows_of(row_loss));
    for (std::size_t i = 0; i < losses.size(); ++i) {
        scattered[static_cast<std::size_t>(positions[i])] = losses[i];
    }
    return scattered;
}

template <class T>
std::vector<float> head_outputs(Context& context, HeadParams<T> const& params, Matrix<T> hidden,
                                Vector<std::int32_t> positions, std::int64_t rows_per_block) {
    std::vector<float> outputs;
    for_each_head_block(context, params, hidden, positions, rows_per_block, rows_of(params.output),
                        [&](HeadBlock<T> const& block) {
                            std::vector<float> const some = to_host_floats(block.output);
                            outputs.insert(outputs.end(), some.begin(), some.end());
                        });
    return outputs;
}

}  // namespace

double log_sum_exp(std::span<float const> logits) {
    auto const largest = static_cast<double>(*std::max_element(logits.begin(), logits.end()));
    double sum = 0;
    for (float const logit : logits) {
        sum += std::exp(static_cast<double>(logit) - largest);
    }
    return largest + std::log(sum);
}

template <class T>
std::vector<float> token_logits(Context& context, GptParams<T> const& params,
                                GptSaved<T> const& saved, Vector<std::int32_t> positions) {
    return hidden_logits(context, params, saved.hidden, positions);
}

template <class T>
std::vector<float> hidden_logits(Context& context, GptParams<T> const& params, Matrix<T> hidden,
                                 Vector<std::int32_t> rows) {
    return head_outputs(context, params.token_head, hidden, rows,
                        token_head_rows<T>(params.shape.vocabulary_size));
}

template <class T>
std::vector<float> hidden_numbers(Context& context, GptParams<T> const& params, Matrix<T> hidden,
                                  Vector<std::int32_t> rows) {
    return head_outputs(context, params.regression_head, hidden, rows, head_rows);
}

template <class T>
std::vector<double> grouped_token_scores(Context& context, GptParams<T> const& params,
                                         GptSaved<T> const& saved, Vector<std::int32_t> positions,
                                         Matrix<std::int32_t> groups) {
    std::int64_t const count = rows_of(groups);
    Buffer<double> sums("scores of groups of words", rows_of(positions) * count);
    for_each_head_block(context, params.token_head, saved.hidden, positions,
                        token_head_rows<T>(params.shape.vocabulary_size),
                        params.shape.vocabulary_size, [&](HeadBlock<T> const& block) {
                            auto const rows = block.output.extent(0);
                            Matrix<double> const own(sums.data() + block.first * count, rows,
                                                     static_cast<std::size_t>(count));
                            grouped_log_sums(context, block.output, groups, own);
                        });
    return to_host(sums.data(), sums.size());
}

template <class T>
Evaluation evaluate_losses(Context& context, GptParams<T> const& params, DeviceBatch const& batch,
                           GptSaved<T> const& saved, std::span<std::int32_t const> class_words) {
    Evaluation evaluation;
    if (batch.positions() == 0) {
        return evaluation;
    }
    evaluation.token_loss = token_losses(context, params, batch, saved);
    evaluation.regression =
        hidden_numbers(context, params, saved.hidden, batch.regression_positions());
    std::vector<float> const logits = token_logits(
        context, params, saved,
        element_range(batch.target_positions(), batch.next_token_count(), batch.answer_count()));
    auto const vocabulary = static_cast<std::size_t>(params.shape.vocabulary_size);
    for (std::size_t first = 0; first < logits.size(); first += vocabulary) {
        std::span<float const> const row(logits.data() + first, vocabulary);
        evaluation.log_normaliser.push_back(log_sum_exp(row));
        evaluation.largest_logit.push_back(*std::ranges::max_element(row));
        for (std::int32_t const word : class_words) {
            evaluation.class_logits.push_back(row[static_cast<std::size_t>(word)]);
        }
    }
    return evaluation;
}

#define DNAGPT_INSTANTIATE(T)                                                                   \
    template std::vector<float> token_logits(Context&, GptParams<T> const&, GptSaved<T> const&, \
                                             Vector<std::int32_t>);                             \
    template std::vector<float> hidden_logits(Context&, GptParams<T> const&, Matrix<T>,         \
                                              Vector<std::int32_t>);                            \
    template std::vector<float> hidden_numbers(Context&, GptParams<T> const&, Matrix<T>,        \
                                               Vector<std::int32_t>);                           \
    template std::vector<double> grouped_token_scores(Context&, GptParams<T> const&,            \
                                                      GptSaved<T> const&, Vector<std::int32_t>, \
                                                      Matrix<std::int32_t>);                    \
    template Evaluation evaluate_losses(Context&, GptParams<T> const&, DeviceBatch const&,      \
                                        GptSaved<T> const&, std::span<std::int32_t const>);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
