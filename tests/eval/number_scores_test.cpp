#include "dnagpt/eval/number_scores.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace dnagpt {
namespace {

TEST(NumberScores, ByHand) {
    std::vector<double> const targets = {1, 2, 3, 4};
    std::vector<double> const predicted = {3, 5, 7, 9};  // 2 t + 1
    auto const scores = number_scores(targets, predicted, std::vector<double>(4, 1));
    EXPECT_NEAR(scores[0], 1, 1e-15);
    EXPECT_NEAR(scores[1], 1 - (4.0 + 9 + 16 + 25) / 5, 1e-15);
    EXPECT_NEAR(scores[2], 3.5, 1e-15);
    EXPECT_NEAR(scores[3], std::sqrt(54.0 / 4), 1e-15);
}

TEST(NumberScores, AWeightIsARepetition) {
    std::vector<double> const targets = {1, 2, 5};
    std::vector<double> const predicted = {0, 3, 4};
    auto const weighted = number_scores(targets, predicted, std::vector<double>{2, 0, 1});
    auto const repeated = number_scores(std::vector<double>{1, 1, 5}, std::vector<double>{0, 0, 4},
                                        std::vector<double>{1, 1, 1});
    for (std::size_t i = 0; i < weighted.size(); ++i) {
        EXPECT_NEAR(weighted[i], repeated[i], 1e-15) << number_score_names()[i];
    }
}

TEST(NumberScores, ConstantTargetsHaveNoCorrelation) {
    std::vector<double> const same = {0.1, 0.1, 0.1};  // their sum is not 0.3
    std::vector<double> const other = {1, 2, 3};
    EXPECT_TRUE(std::isnan(number_scores(same, other, std::vector<double>(3, 1))[0]));
    EXPECT_TRUE(std::isnan(number_scores(same, other, std::vector<double>(3, 1))[1]));
    std::vector<double> const one_drawn = {0, 3, 0};
    EXPECT_TRUE(std::isnan(number_scores(other, same, one_drawn)[1]));
    EXPECT_TRUE(std::isnan(rank_correlation(same, other)));
}

TEST(RankCorrelation, SeesOrderOnlyAndSharesRanks) {
    EXPECT_NEAR(rank_correlation(std::vector<double>{1, 2, 3}, std::vector<double>{1, 10, 1000}), 1,
                1e-15);
    EXPECT_NEAR(rank_correlation(std::vector<double>{1, 2, 3}, std::vector<double>{9, 4, 1}), -1,
                1e-15);
    // Ranks 0, 1.5, 1.5, 3 against 0, 1, 2, 3.
    EXPECT_NEAR(rank_correlation(std::vector<double>{1, 5, 5, 9}, std::vector<double>{1, 2, 3, 4}),
                4.5 / std::sqrt(4.5 * 5), 1e-15);
}

}  // namespace
}  // namespace dnagpt
