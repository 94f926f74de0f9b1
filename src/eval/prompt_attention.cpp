#include "dnagpt/eval/prompt_attention.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/data/finetune_batches.hpp"
#include "dnagpt/device/buffer.hpp"
#include "dnagpt/model/layer_states.hpp"
#include "dnagpt/ops/attention_rows.hpp"

namespace dnagpt {
namespace {

/// (queries, H, T of the batch) as (H, queries, length).
std::vector<float> by_head(std::span<float const> rows, std::int64_t heads, std::int64_t queries,
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

/// Reads the attention of a batch's rows from the states of its layers.
class BatchAttention {
  public:
    /// lengths: of the rows' prompts.
    BatchAttention(std::vector<std::int64_t> lengths, AttentionFrom from, std::int64_t heads)
        : lengths_(std::move(lengths)),
          from_(from),
          rows_at_once_(from == AttentionFrom::last_position ? std::ssize(lengths_) : 1),
          asked_("queries", rows_at_once_ * queries_of(std::ranges::max(lengths_))),
          attention_("attention", asked_.size() * heads * std::ranges::max(lengths_)) {}

    /// visit(row, values (H, queries, length)) for every row.
    template <class T, class Visit>
    void read(LayerStates<T> const& states, Visit const& visit) const {
        for (std::int64_t row = 0; row < std::ssize(lengths_); row += rows_at_once_) {
            read_some(states, row, visit);
        }
    }

  private:
    std::int64_t length_of(std::int64_t row) const {
        return lengths_[static_cast<std::size_t>(row)];
    }
    std::int64_t queries_of(std::int64_t length) const {
        return from_ == AttentionFrom::every_position ? length : 1;
    }

    template <class T, class Visit>
    void read_some(LayerStates<T> const& states, std::int64_t first, Visit const& visit) const {
        AttentionShape const& shape = states.attention;
        std::vector<std::int32_t> at;
        for (std::int64_t row = first; row < first + rows_at_once_; ++row) {
            for (std::int64_t back = queries_of(length_of(row)); back > 0; --back) {
                at.push_back(
                    static_cast<std::int32_t>(row * shape.context_length + length_of(row) - back));
            }
        }
        copy_to_device(at.data(), asked_.data(), std::ssize(at));
        std::int64_t const rows = std::ssize(at) * shape.heads;
        DNAGPT_EXPECT(rows * shape.context_length <= attention_.size());
        attention_rows(shape, states.qkv, element_range(asked_.view(), 0, std::ssize(at)),
                       Matrix<float>(attention_.data(), static_cast<std::size_t>(rows),
                                     static_cast<std::size_t>(shape.context_length)));
        std::vector<float> const values = to_host(attention_.data(), rows * shape.context_length);
        std::span<float const> rest(values);
        for (std::int64_t row = first; row < first + rows_at_once_; ++row) {
            std::int64_t const queries = queries_of(length_of(row));
            visit(static_cast<std::size_t>(row),
                  by_head(rest, shape.heads, queries, shape.context_length, length_of(row)));
            rest = rest.subspan(
                static_cast<std::size_t>(queries * shape.heads * shape.context_length));
        }
    }

    std::vector<std::int64_t> lengths_;
    AttentionFrom from_;
    std::int64_t rows_at_once_;
    Buffer<std::int32_t> asked_;
    Buffer<float> attention_;
};

}  // namespace

template <class T>
void read_attention(ForwardModel<T> const& model, std::span<PromptInput const> inputs,
                    Batching const& batching, std::vector<std::int64_t> const& layers,
                    AttentionFrom from, VisitAttention const& visit) {
    std::vector<std::int64_t> lengths;
    for (PromptInput const& input : inputs) {
        require_no_question(input);
        lengths.push_back(input.length());
    }
    WorkShare share(batching.report, inputs.size());
    for (auto const& members : pack_by_length(lengths, batching.positions)) {
        model.batch.upload(batch_of_inputs(inputs, members));
        std::vector<std::int64_t> of_members;
        for (std::size_t const member : members) {
            of_members.push_back(lengths[member]);
        }
        BatchAttention const attention(of_members, from, model.params.shape.heads);
        gpt_forward_visiting<T>(
            model.context, model.params, model.batch, model.saved,
            [&](LayerStates<T> const& states) {
                if (states.layer == 0 || !std::ranges::count(layers, states.layer)) {
                    return;
                }
                attention.read(states, [&](std::size_t row, auto const& rows) {
                    visit(members[row], states.layer, rows);
                });
            });
        share.add(members.size());
    }
}

#define DNAGPT_INSTANTIATE(T)                                                                      \
    template void read_attention(ForwardModel<T> const&, std::span<PromptInput const>,             \
                                 Batching const&, std::vector<std::int64_t> const&, AttentionFrom, \
                                 VisitAttention const&)
DNAGPT_INSTANTIATE(float);
DNAGPT_INSTANTIATE(bf16);

}  // namespace dnagpt
