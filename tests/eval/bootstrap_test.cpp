#include "dnagpt/eval/bootstrap.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "dnagpt/core/random.hpp"

namespace dnagpt {
namespace {

/// Mean of values whose groups are `group` long; the standard error of the mean is known.
Interval interval_of_mean(int group) {
    std::vector<std::int32_t> groups;
    std::vector<double> values;
    for (std::uint64_t i = 0; i < 400; ++i) {
        groups.push_back(static_cast<std::int32_t>(i) / group);
        values.push_back(random_normal(7, i / static_cast<std::uint64_t>(group)));
    }
    auto const mean = [&](std::span<double const> weights) {
        double const sum = std::inner_product(weights.begin(), weights.end(), values.begin(), 0.0);
        return std::vector<double>{sum / std::accumulate(weights.begin(), weights.end(), 0.0)};
    };
    return bootstrap_intervals(groups, mean, 2000, 1).front();
}

TEST(Bootstrap, WidthIsThatOfTheIndependentGroups) {
    Interval const single = interval_of_mean(1);
    EXPECT_NEAR(single.high - single.low, 2 * 1.96 / std::sqrt(400.0), 0.03);
    // Four equal values in a row count once.
    Interval const fours = interval_of_mean(4);
    EXPECT_NEAR(fours.high - fours.low, 2 * 1.96 / std::sqrt(100.0), 0.08);
}

TEST(Bootstrap, UndefinedSamplesAreLeftOut) {
    std::vector<std::int32_t> const groups = {4, 9};
    auto const score = [](std::span<double const> weights) {
        bool const both = weights[0] > 0 && weights[1] > 0;
        return std::vector<double>{both ? 5.0 : std::numeric_limits<double>::quiet_NaN()};
    };
    Interval const interval = bootstrap_intervals(groups, score, 100, 1).front();
    EXPECT_EQ(interval.low, 5);
    EXPECT_EQ(interval.high, 5);
}

}  // namespace
}  // namespace dnagpt
