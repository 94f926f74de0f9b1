#include "dnagpt/eval/prompt_answers.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/data/finetune_batches.hpp"
#include "dnagpt/device/buffer.hpp"
#include "dnagpt/model/token_scores.hpp"

namespace dnagpt {
namespace {

/// An input on its way: the numbers answered so far stand in its row.
struct OpenPrompt {
    std::size_t number;  ///< among the inputs
    PromptInput input;
    PromptAnswer answer;

    bool asks_inside() const { return answer.asked.size() < input.asked.size(); }
    /// The position whose number is asked next.
    std::int64_t asked_position() const {
        if (!asks_inside()) {
            return input.length() - 1;
        }
        std::size_t left = input.asked[answer.asked.size()];
        for (std::int64_t at = 0;; ++at) {
            if (input.row.tokens[static_cast<std::size_t>(at)] < 0 && left-- == 0) {
                return at - 1;
            }
        }
    }
    bool asks_number() const { return asks_inside() || input.ends_with_m(); }
};

Batch batch_of(std::span<OpenPrompt* const> prompts) {
    std::vector<FinetuneRow> rows;
    for (OpenPrompt const* prompt : prompts) {
        rows.emplace_back().input = prompt->input.row;
    }
    Batch batch = make_batch(rows, RowWeights::equal);
    for (std::size_t row = 0; row < prompts.size(); ++row) {
        if (prompts[row]->asks_number()) {
            std::int64_t const flat = static_cast<std::int64_t>(row) * batch.context_length +
                                      prompts[row]->asked_position();
            batch.regression_positions.push_back(static_cast<std::int32_t>(flat));
            batch.regression_targets.push_back(0);
        }
    }
    return batch;
}

/// (N, V) at flat positions of the batch.
template <class T>
std::vector<float> logits_at_positions(ForwardModel<T> const& model,
                                       std::vector<std::int32_t> const& positions) {
    Buffer<std::int32_t> on_device("positions of logits", std::ssize(positions));
    copy_to_device(positions.data(), on_device.data(), std::ssize(positions));
    return token_logits(model.context, model.params, model.saved, on_device.view());
}

/// Visits prompts that have been answered but for their logits. `rows` are their places in the
/// batch.
template <class T>
void visit_answered(ForwardModel<T> const& model, std::span<OpenPrompt* const> prompts,
                    std::span<std::int32_t const> rows, LogitsAt logits_at,
                    VisitAnswer const& visit) {
    auto const context = static_cast<std::int32_t>(model.batch.context_length());
    auto const vocabulary = static_cast<std::size_t>(model.params.shape.vocabulary_size);
    std::vector<std::int32_t> positions;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        positions.push_back(rows[i] * context +
                            static_cast<std::int32_t>(prompts[i]->input.length()) - 1);
    }
    std::vector<float> last;
    if (logits_at == LogitsAt::last_position && !positions.empty()) {
        last = logits_at_positions(model, positions);
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        PromptAnswer& answer = prompts[i]->answer;
        if (logits_at == LogitsAt::last_position) {
            answer.logits.assign(last.data() + i * vocabulary, last.data() + (i + 1) * vocabulary);
        } else if (logits_at == LogitsAt::every_position) {
            std::vector<std::int32_t> all(static_cast<std::size_t>(prompts[i]->input.length()));
            std::iota(all.begin(), all.end(), rows[i] * context);
            answer.logits = logits_at_positions(model, all);
        }
        visit(prompts[i]->number, answer);
        answer.logits = {};
    }
}

/// Takes one number of each prompt that asks for one; visits those that have no more to ask.
template <class T>
void advance(ForwardModel<T> const& model, std::span<OpenPrompt* const> prompts, LogitsAt logits_at,
             VisitAnswer const& visit) {
    std::vector<float> const numbers = model.evaluate(batch_of(prompts), {}).regression;
    std::vector<OpenPrompt*> answered;
    std::vector<std::int32_t> rows;
    std::size_t next = 0;
    for (std::size_t row = 0; row < prompts.size(); ++row) {
        OpenPrompt& prompt = *prompts[row];
        if (prompt.asks_inside()) {
            float const number = numbers[next++];
            prompt.input.row.numbers[prompt.input.asked[prompt.answer.asked.size()]] = number;
            prompt.answer.asked.push_back(number);
            continue;
        }
        if (prompt.input.ends_with_m()) {
            prompt.answer.number = numbers[next++];
        }
        answered.push_back(&prompt);
        rows.push_back(static_cast<std::int32_t>(row));
    }
    visit_answered(model, answered, rows, logits_at, visit);
}

}  // namespace

PromptInput prompt_input(Prompt const& prompt) {
    std::size_t const length = input_length(prompt);
    DNAGPT_VALIDATE(length > 0, << "an empty prompt asks nothing; write one such as <R>ATTGAC");
    PromptInput input;
    for (PromptPosition const& position : std::span(prompt).first(length)) {
        if (position.kind == PositionKind::token) {
            input.row.tokens.push_back(position.token);
            continue;
        }
        if (position.kind == PositionKind::asked_number) {
            input.asked.push_back(input.row.numbers.size());
        }
        input.row.tokens.push_back(-1);
        input.row.numbers.push_back(static_cast<float>(position.value));
    }
    return input;
}

void require_no_question(PromptInput const& input) {
    DNAGPT_VALIDATE(input.asked.empty(),
                    << "a number is asked for inside the prompt, which dnagpt predict answers; "
                       "write it behind <M>");
}

Batch batch_of_inputs(std::span<PromptInput const> inputs, std::span<std::size_t const> members) {
    std::vector<FinetuneRow> rows;
    for (std::size_t const member : members) {
        rows.emplace_back().input = inputs[member].row;
    }
    return make_batch(rows, RowWeights::equal);
}

template <class T>
void answer_prompts(ForwardModel<T> const& model, std::span<PromptInput const> inputs,
                    Batching const& batching, LogitsAt logits_at, VisitAnswer const& visit) {
    std::vector<OpenPrompt> prompts;
    std::size_t readings = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        prompts.push_back({i, inputs[i], {}});
        readings += inputs[i].asked.size() + 1;
    }
    WorkShare share(batching.report, readings);
    std::vector<OpenPrompt*> open;
    for (OpenPrompt& prompt : prompts) {
        open.push_back(&prompt);
    }
    while (!open.empty()) {
        std::vector<std::int64_t> lengths;
        for (OpenPrompt const* prompt : open) {
            lengths.push_back(prompt->input.length());
        }
        std::vector<OpenPrompt*> ask_again;
        for (auto const& members : pack_by_length(lengths, batching.positions)) {
            std::vector<OpenPrompt*> batch;
            for (std::size_t const member : members) {
                batch.push_back(open[member]);
                if (open[member]->asks_inside()) {
                    ask_again.push_back(open[member]);
                }
            }
            advance(model, batch, logits_at, visit);
            share.add(members.size());
        }
        open = std::move(ask_again);
    }
}

#define DNAGPT_INSTANTIATE(T)                                                          \
    template void answer_prompts(ForwardModel<T> const&, std::span<PromptInput const>, \
                                 Batching const&, LogitsAt, VisitAnswer const&)
DNAGPT_INSTANTIATE(float);
DNAGPT_INSTANTIATE(bf16);

}  // namespace dnagpt
