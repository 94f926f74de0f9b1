#include "dnagpt/eval/token_sampling.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/random.hpp"

namespace dnagpt {
namespace {

constexpr std::uint64_t sampling_purpose = 41;

/// Sets the weights to 0 that are not among the likeliest.
void keep_likeliest(Sampling const& sampling, std::vector<double>& weights) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (weights[i] > 0) {
            order.push_back(i);
        }
    }
    std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return weights[i]; });
    std::size_t kept = sampling.top_k > 0
                           ? std::min(order.size(), static_cast<std::size_t>(sampling.top_k))
                           : order.size();
    double total = 0;
    for (std::size_t i = 0; i < kept; ++i) {
        total += weights[order[i]];
    }
    double sum = 0;
    for (std::size_t i = 0; i < kept; ++i) {
        sum += weights[order[i]];
        if (sum >= sampling.top_p * total) {
            kept = i + 1;
        }
    }
    for (std::size_t const i : std::span(order).subspan(kept)) {
        weights[i] = 0;
    }
}

}  // namespace

TokenId sample_token(std::span<float const> logits, Sampling const& sampling,
                     SamplePlace const& place) {
    DNAGPT_EXPECT(sampling.temperature > 0 && !logits.empty());
    float const largest = *std::ranges::max_element(logits);
    DNAGPT_EXPECT(std::isfinite(largest));
    auto const scale = static_cast<float>(1 / sampling.temperature);
    std::vector<double> weights(logits.size(), 0.0);
    for (std::size_t i = 0; i < logits.size(); ++i) {
        if (logits[i] != -std::numeric_limits<float>::infinity()) {
            weights[i] = static_cast<double>(std::exp((logits[i] - largest) * scale));
        }
    }
    if (sampling.top_k > 0 || sampling.top_p < 1) {
        keep_likeliest(sampling, weights);
    }
    std::partial_sum(weights.begin(), weights.end(), weights.begin());
    std::uint64_t const key =
        random_key({place.seed, sampling_purpose, static_cast<std::uint64_t>(place.sequence)});
    double const drawn =
        weights.back() * random_uniform(key, static_cast<std::uint64_t>(place.position));
    auto const chosen = std::ranges::upper_bound(weights, drawn);
    return static_cast<TokenId>(
        std::min<std::ptrdiff_t>(chosen - weights.begin(), std::ssize(weights) - 1));
}

}  // namespace dnagpt
