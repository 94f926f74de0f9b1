#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "dnagpt/eval/forward_model.hpp"
#include "dnagpt/eval/prompt_answers.hpp"

namespace dnagpt {

/// Which positions of a prompt make rows of its embedding.
enum class Pooling : std::uint8_t {
    mean,  ///< one row: the mean over its words
    last,  ///< one row: the last position
    every  ///< a row a position
};
/// "mean", "last" or "every"; Error for any other name.
Pooling pooling_called(std::string const& name);

/// Rows that a prompt of this length takes.
std::int64_t pooled_rows(std::int64_t length, Pooling pooling);

/// What is read of a model.
struct EmbeddingForm {
    Pooling pooling = Pooling::mean;
    std::vector<std::int64_t> layers;  ///< as layers_called gives them
};

/// Number of the input, place of the layer in the form, and its rows (rows, C).
using VisitEmbedding = std::function<void(std::size_t, std::size_t, std::span<float const>)>;

/// The residual stream behind chosen layers, pooled; inputs are visited in no particular order.
/// Error for an input that asks for a number inside, and for the mean of one without words.
template <class T>
void embed_prompts(ForwardModel<T> const& model, std::span<PromptInput const> inputs,
                   Batching const& batching, EmbeddingForm const& form,
                   VisitEmbedding const& visit);

}  // namespace dnagpt
