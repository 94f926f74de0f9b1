#include "dnagpt/eval/prompt_embeddings.hpp"

#include <algorithm>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/data/finetune_batches.hpp"
#include "dnagpt/device/buffer.hpp"
#include "dnagpt/eval/layer_choice.hpp"
#include "dnagpt/model/layer_states.hpp"
#include "dnagpt/ops/row_means.hpp"

namespace dnagpt {
namespace {

/// The positions behind the rows of a batch's embeddings, as row_means reads them.
struct PooledPositions {
    std::vector<std::int32_t> starts{0};
    std::vector<std::int32_t> places;
    std::vector<std::int64_t> rows;  ///< of each input

    void end_row() { starts.push_back(static_cast<std::int32_t>(places.size())); }
};

void add_positions(PromptInput const& input, std::int32_t first, Pooling pooling,
                   PooledPositions& pooled) {
    auto const& tokens = input.row.tokens;
    auto const length = static_cast<std::int32_t>(tokens.size());
    pooled.rows.push_back(pooled_rows(length, pooling));
    if (pooling == Pooling::last) {
        pooled.places.push_back(first + length - 1);
        pooled.end_row();
        return;
    }
    for (std::int32_t at = 0; at < length; ++at) {
        if (pooling == Pooling::every) {
            pooled.places.push_back(first + at);
            pooled.end_row();
        } else if (tokens[static_cast<std::size_t>(at)] >= reserved_count) {
            pooled.places.push_back(first + at);
        }
    }
    if (pooling == Pooling::mean) {
        DNAGPT_VALIDATE(std::ssize(pooled.places) > pooled.starts.back(),
                        << "a prompt without words has no mean over its words; give --pool last");
        pooled.end_row();
    }
}

/// Embeds the inputs of one batch.
template <class T>
class BatchEmbedder {
  public:
    BatchEmbedder(ForwardModel<T> const& model, std::span<PromptInput const> inputs,
                  std::vector<std::size_t> const& members, EmbeddingForm const& form)
        : model_(model), members_(members), form_(form), batch_(batch_of_inputs(inputs, members)) {
        for (std::size_t row = 0; row < members.size(); ++row) {
            add_positions(
                inputs[members[row]],
                static_cast<std::int32_t>(row) * static_cast<std::int32_t>(batch_.context_length),
                form.pooling, pooled_);
        }
    }

    void run(VisitEmbedding const& visit) {
        Buffer<std::int32_t> starts("first places", std::ssize(pooled_.starts));
        Buffer<std::int32_t> places("places", std::ssize(pooled_.places));
        copy_to_device(pooled_.starts.data(), starts.data(), starts.size());
        copy_to_device(pooled_.places.data(), places.data(), places.size());
        std::int64_t const channels = model_.params.shape.channels;
        auto const rows = static_cast<std::int64_t>(pooled_.starts.size()) - 1;
        Buffer<float> means("embeddings", rows * channels);
        auto const look = [&](std::int64_t layer, Matrix<T> const& states) {
            auto const found = std::ranges::find(form_.layers, layer);
            if (found == form_.layers.end()) {
                return;
            }
            row_means(states, starts.view(), places.view(),
                      Matrix<float>(means.data(), static_cast<std::size_t>(rows),
                                    static_cast<std::size_t>(channels)));
            visit_rows(static_cast<std::size_t>(found - form_.layers.begin()),
                       to_host(means.data(), means.size()), visit);
        };
        model_.batch.upload(batch_);
        gpt_forward_visiting<T>(
            model_.context, model_.params, model_.batch, model_.saved,
            [&](LayerStates<T> const& states) { look(states.layer, states.residual); });
        look(final_layer, model_.saved.hidden);
    }

  private:
    void visit_rows(std::size_t layer, std::vector<float> const& values,
                    VisitEmbedding const& visit) const {
        auto const channels = static_cast<std::size_t>(model_.params.shape.channels);
        std::span<float const> rest(values);
        for (std::size_t row = 0; row < members_.size(); ++row) {
            std::size_t const own = static_cast<std::size_t>(pooled_.rows[row]) * channels;
            visit(members_[row], layer, rest.first(own));
            rest = rest.subspan(own);
        }
    }

    ForwardModel<T> const& model_;
    std::vector<std::size_t> const& members_;
    EmbeddingForm const& form_;
    Batch batch_;
    PooledPositions pooled_;
};

}  // namespace

Pooling pooling_called(std::string const& name) {
    DNAGPT_VALIDATE(name == "mean" || name == "last" || name == "every",
                    << "'" << name << "' is no pooling; choose mean, last or every");
    return name == "mean" ? Pooling::mean : name == "last" ? Pooling::last : Pooling::every;
}

std::int64_t pooled_rows(std::int64_t length, Pooling pooling) {
    return pooling == Pooling::every ? length : 1;
}

template <class T>
void embed_prompts(ForwardModel<T> const& model, std::span<PromptInput const> inputs,
                   Batching const& batching, EmbeddingForm const& form,
                   VisitEmbedding const& visit) {
    std::vector<std::int64_t> lengths;
    for (PromptInput const& input : inputs) {
        require_no_question(input);
        lengths.push_back(input.length());
    }
    WorkShare share(batching.report, inputs.size());
    for (auto const& members : pack_by_length(lengths, batching.positions)) {
        BatchEmbedder<T>(model, inputs, members, form).run(visit);
        share.add(members.size());
    }
}

#define DNAGPT_INSTANTIATE(T)                                                         \
    template void embed_prompts(ForwardModel<T> const&, std::span<PromptInput const>, \
                                Batching const&, EmbeddingForm const&, VisitEmbedding const&)
DNAGPT_INSTANTIATE(float);
DNAGPT_INSTANTIATE(bf16);

}  // namespace dnagpt
