#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "dnagpt/data/batch.hpp"
#include "dnagpt/data/prompt_template.hpp"
#include "dnagpt/eval/batching.hpp"
#include "dnagpt/eval/forward_model.hpp"
#include "dnagpt/genome/prompt.hpp"

namespace dnagpt {

/// What a model is asked.
struct PromptInput {
    PromptRow row;                   ///< an asked number inside the prompt stands as 0
    std::vector<std::size_t> asked;  ///< which of row.numbers the model itself answers, ascending

    std::int64_t length() const { return static_cast<std::int64_t>(row.tokens.size()); }
    /// The last position is an `<M>`: it is answered by a number.
    bool ends_with_m() const { return row.tokens.back() == m_token; }
};

/// A prompt as input; an asked number at its end is what is answered. Error for an empty prompt.
PromptInput prompt_input(Prompt const& prompt);
/// Error for an input that asks for a number inside: only its answer could fill the place.
void require_no_question(PromptInput const& input);
/// A batch of chosen inputs.
Batch batch_of_inputs(std::span<PromptInput const> inputs, std::span<std::size_t const> members);

/// Where logits are wanted.
enum class LogitsAt : std::uint8_t { nowhere, last_position, every_position };

struct PromptAnswer {
    std::vector<float> asked;   ///< the numbers inside the prompt that were asked, in order
    float number = 0;           ///< the regression head at an `<M>` in the last position
    std::vector<float> logits;  ///< (1, V) or (length, V), as wanted
};

using VisitAnswer = std::function<void(std::size_t, PromptAnswer const&)>;

/// Answers to inputs of any lengths, visited in no particular order with their numbers. A number
/// that is asked inside a prompt is what the regression head says at the `<M>` before it, and is
/// read as input from then on. Error for a number that a model without regression head is
/// asked for.
template <class T>
void answer_prompts(ForwardModel<T> const& model, std::span<PromptInput const> inputs,
                    Batching const& batching, LogitsAt logits_at, VisitAnswer const& visit);

}  // namespace dnagpt
