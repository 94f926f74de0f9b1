#pragma once

#include <cstdint>

namespace dnagpt {

/// Running mean of the gradient norms of applied steps: plain over the first 50, then with the
/// weight 1/50 for the newest.
struct NormMean {
    double mean = 0;
    std::int64_t steps = 0;
};

void note_norm(NormMean& norms, double norm);

/// Whether a step's gradient norm is more than `factor` times the mean. Never before 50 steps have
/// been applied, nor with factor 0.
bool is_spike(NormMean const& norms, double norm, double factor);

}  // namespace dnagpt
