#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace dnagpt {

/// An interval of a score.
struct Interval {
    double low = 0;
    double high = 0;
};

/// Scores of a weighted sample: weights[i] says how often example i was drawn. NaN: not defined.
using WeightedScores = std::function<std::vector<double>(std::span<double const> weights)>;

/// 95 % intervals (percentiles 2.5 and 97.5, Efron 1979) of each score over `resamples` samples of
/// whole groups with replacement: examples of one group are not independent. groups (N).
std::vector<Interval> bootstrap_intervals(std::span<std::int32_t const> groups,
                                          WeightedScores const& scores, int resamples,
                                          std::uint64_t seed);

}  // namespace dnagpt
