#include "dnagpt/eval/bootstrap.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "dnagpt/core/random.hpp"

namespace dnagpt {
namespace {

/// Linear between the neighbours, as numpy.percentile; NaN without values.
double percentile(std::vector<double> const& sorted, double share) {
    if (sorted.empty()) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    double const place = share * static_cast<double>(sorted.size() - 1);
    auto const below = static_cast<std::size_t>(place);
    std::size_t const above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

/// Groups numbered from 0.
std::vector<std::size_t> group_numbers(std::span<std::int32_t const> groups) {
    std::map<std::int32_t, std::size_t> numbers;
    std::vector<std::size_t> of_each;
    for (std::int32_t const group : groups) {
        of_each.push_back(numbers.emplace(group, numbers.size()).first->second);
    }
    return of_each;
}

}  // namespace

std::vector<Interval> bootstrap_intervals(std::span<std::int32_t const> groups,
                                          WeightedScores const& scores, int resamples,
                                          std::uint64_t seed) {
    std::vector<std::size_t> const numbers = group_numbers(groups);
    std::size_t const count = numbers.empty() ? 0 : std::ranges::max(numbers) + 1;
    std::vector<double> drawn(count);
    std::vector<double> weights(groups.size());
    std::vector<std::vector<double>> samples;
    for (int sample = 0; sample < resamples; ++sample) {
        std::ranges::fill(drawn, 0.0);
        std::uint64_t const key = random_key({seed, static_cast<std::uint64_t>(sample)});
        for (std::uint64_t i = 0; i < count; ++i) {
            drawn[random_below(key, i, count)] += 1;
        }
        std::ranges::transform(numbers, weights.begin(),
                               [&](std::size_t number) { return drawn[number]; });
        std::vector<double> const values = scores(weights);
        samples.resize(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (!std::isnan(values[i])) {
                samples[i].push_back(values[i]);
            }
        }
    }
    std::vector<Interval> intervals;
    for (std::vector<double>& values : samples) {
        std::ranges::sort(values);
        intervals.push_back({percentile(values, 0.025), percentile(values, 0.975)});
    }
    return intervals;
}

}  // namespace dnagpt
