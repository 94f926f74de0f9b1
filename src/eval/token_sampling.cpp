#include "dnagpt/eval/token_sampling.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/random.hpp"

namespace dnagpt {
namespace {

constexpr std::uint64_t sampling_purpose = 41;

}  // namespace

TokenId sample_token(std::span<float const> logits, double temperature, SamplePlace const& place) {
    DNAGPT_EXPECT(temperature > 0 && !logits.empty());
    float const largest = *std::ranges::max_element(logits);
    auto const scale = static_cast<float>(1 / temperature);
    std::vector<double> sums(logits.size());
    double sum = 0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        sum += static_cast<double>(std::exp((logits[i] - largest) * scale));
        sums[i] = sum;
    }
    std::uint64_t const key =
        random_key({place.seed, sampling_purpose, static_cast<std::uint64_t>(place.sequence)});
    double const drawn = sum * random_uniform(key, static_cast<std::uint64_t>(place.position));
    auto const chosen = std::ranges::upper_bound(sums, drawn);
    return static_cast<TokenId>(
        std::min<std::ptrdiff_t>(chosen - sums.begin(), std::ssize(sums) - 1));
}

}  // namespace dnagpt
