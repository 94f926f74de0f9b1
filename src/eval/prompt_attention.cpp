#include "dnagpt/eval/prompt_attention.hpp"

#include <algorithm>
#include <numeric>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/data/finetune_batches.hpp"
#include "dnagpt/device/buffer.hpp"
#include "dnagpt/model/layer_states.hpp"
#include "dnagpt/ops/attention_rows.hpp"

namespace dnagpt {
namespace {

/// (queries, H, T of the batch) as (H, queries, length).
std::vector<float> by_head(std::vector<float> const& rows, std::int64_t heads, std::int64_t queries,
                           std::int64_t context_length, std::int64_t length) {
    std::vector<float> turned;
    turned.reserve(static_cast<std::size_t>(heads * queries * length));
    for (std::int64_t head = 0; head < heads; ++head) {
        for (std::int64_t query = 0; query < queries; ++query) {
            auto const row = rows.begin() + (query * heads + head) * context_length;
            turned.insert(turned.end(), row, row + length);
        }
    }
    return turned;
}

/// One row of a batch, whose prompt has `length` positions.
template <class T>
std::vector<float> row_attention(LayerStates<T> const& states, std::int64_t row,
                                 std::int64_t length, AttentionFrom from) {
    AttentionShape const& shape = states.attention;
    std::int64_t const queries = from == AttentionFrom::every_position ? length : 1;
    std::vector<std::int32_t> at(static_cast<std::size_t>(queries));
    std::iota(at.begin(), at.end(),
              static_cast<std::int32_t>(row * shape.context_length + length - queries));
    Buffer<std::int32_t> asked("queries", queries);
    copy_to_device(at.data(), asked.data(), queries);
    Buffer<float> rows("attention", queries * shape.heads * shape.context_length);
    attention_rows(shape, states.qkv, asked.view(),
                   Matrix<float>(rows.data(), static_cast<std::size_t>(queries * shape.heads),
                                 static_cast<std::size_t>(shape.context_length)));
    return by_head(to_host(rows.data(), rows.size()), shape.heads, queries, shape.context_length,
                   length);
}

}  // namespace

template <class T>
void read_attention(ForwardModel<T> const& model, std::span<PromptInput const> inputs,
                    std::int64_t positions, std::vector<std::int64_t> const& layers,
                    AttentionFrom from, VisitAttention const& visit) {
    std::vector<std::int64_t> lengths;
    for (PromptInput const& input : inputs) {
        require_no_question(input);
        lengths.push_back(input.length());
    }
    for (auto const& members : pack_by_length(lengths, positions)) {
        model.batch.upload(batch_of_inputs(inputs, members));
        gpt_forward_visiting<T>(
            model.context, model.params, model.batch, model.saved,
            [&](LayerStates<T> const& states) {
                if (states.layer == 0 || !std::ranges::count(layers, states.layer)) {
                    return;
                }
                for (std::size_t row = 0; row < members.size(); ++row) {
                    visit(members[row], states.layer,
                          row_attention(states, static_cast<std::int64_t>(row),
                                        lengths[members[row]], from));
                }
            });
    }
}

#define DNAGPT_INSTANTIATE(T)                                                                   \
    template void read_attention(ForwardModel<T> const&, std::span<PromptInput const>,          \
                                 std::int64_t, std::vector<std::int64_t> const&, AttentionFrom, \
                                 VisitAttention const&)
DNAGPT_INSTANTIATE(float);
DNAGPT_INSTANTIATE(bf16);

}  // namespace dnagpt
