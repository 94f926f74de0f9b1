#pragma once

#include <cstdint>
#include <span>

#include "dnagpt/genome/vocabulary.hpp"

namespace dnagpt {

/// What decides a drawn token beside the logits: the same place gives the same draw, in any batch.
struct SamplePlace {
    std::uint64_t seed = 1;
    std::int64_t sequence = 0;  ///< number of the sequence
    std::int64_t position = 0;
};

/// Draws a token with probability softmax(logits / temperature); temperature > 0. logits (V).
TokenId sample_token(std::span<float const> logits, double temperature, SamplePlace const& place);

}  // namespace dnagpt
