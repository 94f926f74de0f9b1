#include "dnagpt/eval/token_sampling.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace dnagpt {
namespace {

std::vector<double> shares(std::vector<float> const& logits, Sampling const& sampling) {
    constexpr std::int64_t draws = 40000;
    std::vector<double> counts(logits.size(), 0);
    for (std::int64_t i = 0; i < draws; ++i) {
        counts[static_cast<std::size_t>(sample_token(logits, sampling, {3, i / 100, i % 100}))] +=
            1.0 / draws;
    }
    return counts;
}

/// Four standard errors of a share of 40,000 draws are at most 0.01.
TEST(SampleToken, SharesAreTheSoftmaxAtTheTemperature) {
    std::vector<float> const logits = {0, std::log(2.0F), std::log(5.0F)};
    std::vector<double> const at_one = shares(logits, {});
    EXPECT_NEAR(at_one[0], 1.0 / 8, 0.01);
    EXPECT_NEAR(at_one[1], 2.0 / 8, 0.01);
    EXPECT_NEAR(at_one[2], 5.0 / 8, 0.01);
    std::vector<double> const cold = shares(logits, {0.5});
    EXPECT_NEAR(cold[0], 1.0 / 30, 0.01);
    EXPECT_NEAR(cold[2], 25.0 / 30, 0.01);
    EXPECT_NEAR(shares(logits, {100})[0], 1.0 / 3, 0.02);
}

TEST(SampleToken, ThePlaceDecidesTheDraw) {
    std::vector<float> const logits(1000, 0.0F);
    TokenId const token = sample_token(logits, {}, {1, 2, 3});
    EXPECT_EQ(sample_token(logits, {}, {1, 2, 3}), token);
    EXPECT_NE(sample_token(logits, {}, {2, 2, 3}), token);
    EXPECT_NE(sample_token(logits, {}, {1, 3, 3}), token);
    EXPECT_NE(sample_token(logits, {}, {1, 2, 4}), token);
}

TEST(SampleToken, LargeLogitsDoNotOverflow) {
    EXPECT_EQ(sample_token(std::vector<float>{1e30F, 0}, {0.01}, {1, 1, 1}), 0);
}

TEST(SampleToken, OnlyTheLikeliestAreDrawn) {
    std::vector<float> const logits = {std::log(2.0F), std::log(5.0F), std::log(2.0F),
                                       std::log(1.0F), -std::numeric_limits<float>::infinity()};
    auto const expect_shares = [&](Sampling const& sampling, std::vector<double> const& expected) {
        std::vector<double> const found = shares(logits, sampling);
        for (std::size_t i = 0; i < expected.size(); ++i) {
            EXPECT_NEAR(found[i], expected[i], expected[i] > 0 ? 0.01 : 0) << i;
        }
    };
    expect_shares({}, {0.2, 0.5, 0.2, 0.1, 0});
    expect_shares({1, 2, 1}, {2.0 / 7, 5.0 / 7, 0, 0, 0});
    expect_shares({1, 9, 1}, {0.2, 0.5, 0.2, 0.1, 0});
    expect_shares({1, 0, 0.5}, {0, 1, 0, 0, 0});
    expect_shares({1, 0, 0.51}, {2.0 / 7, 5.0 / 7, 0, 0, 0});
    expect_shares({1, 3, 0.8}, {2.0 / 9, 5.0 / 9, 2.0 / 9, 0, 0});
    expect_shares({1, 1, 0.1}, {0, 1, 0, 0, 0});
}

}  // namespace
}  // namespace dnagpt
