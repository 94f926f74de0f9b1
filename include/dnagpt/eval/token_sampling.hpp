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

/// How the likely tokens are preferred.
struct Sampling {
    double temperature = 1;  ///< > 0; below 1: the likely ones more often
    std::int64_t top_k = 0;  ///< only the k likeliest; 0: all
    /// only the likeliest that together have this probability (after top_k): nucleus sampling
    /// (Holtzman et al. 2020, arXiv 1904.09751)
    double top_p = 1;
};

/// Draws a token with probability softmax(logits / temperature), of those that top_k and top_p
/// leave; of equally likely ones the smaller ids stay. logits (V): -inf is never drawn.
TokenId sample_token(std::span<float const> logits, Sampling const& sampling,
                     SamplePlace const& place);

}  // namespace dnagpt
