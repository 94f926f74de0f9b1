#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "dnagpt/eval/forward_model.hpp"
#include "dnagpt/eval/prompt_answers.hpp"

namespace dnagpt {

/// From which positions of a prompt attention is looked at.
enum class AttentionFrom : std::uint8_t { last_position, every_position };

/// Number of the input, layer (from 1), and rows (H, queries, length of the input): how much each
/// query attends to each position.
using VisitAttention = std::function<void(std::size_t, std::int64_t, std::span<float const>)>;

/// Attention of chosen layers (1 .. L). Inputs are visited in no particular order. Error for an
/// input that asks for a number inside.
template <class T>
void read_attention(ForwardModel<T> const& model, std::span<PromptInput const> inputs,
                    Batching const& batching, std::vector<std::int64_t> const& layers,
                    AttentionFrom from, VisitAttention const& visit);

}  // namespace dnagpt
