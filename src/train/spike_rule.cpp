#include "dnagpt/train/spike_rule.hpp"

#include <algorithm>

namespace dnagpt {
namespace {

constexpr std::int64_t window = 50;

}  // namespace

void note_norm(NormMean& norms, double norm) {
    ++norms.steps;
    norms.mean += (norm - norms.mean) / static_cast<double>(std::min(norms.steps, window));
}

bool is_spike(NormMean const& norms, double norm, double factor) {
    return factor > 0 && norms.steps >= window && norm > factor * norms.mean;
}

}  // namespace dnagpt
