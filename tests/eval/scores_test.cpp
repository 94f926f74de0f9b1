#include "dnagpt/eval/scores.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace dnagpt {
namespace {

TEST(Scores, BitsPerBaseAreNatsOverBasesInBits) {
    SpeciesSums sums;
    sums.nats = 12 * std::numbers::ln2;
    sums.bases = 6;
    EXPECT_DOUBLE_EQ(bits_per_base(sums), 2.0);
    EXPECT_EQ(novel_bits_per_base(sums), 0.0);
}

TEST(Scores, GcR2ComparesWithTheMeanOfTheTargets) {
    SpeciesSums sums;  // targets 1 and 3, predictions 1 and 2
    sums.gc_count = 2;
    sums.gc_sum = 4;
    sums.gc_sum_of_squares = 10;
    sums.gc_squared_error = 1;
    sums.gc_absolute_error = 1;
    EXPECT_DOUBLE_EQ(gc_r2(sums), 0.5);
    EXPECT_DOUBLE_EQ(gc_error(sums), 5.0);  // percentage points: 0.5 of a deviation of 10 %
}

TEST(Scores, ConstantTargetsHaveNoR2) {
    SpeciesSums sums;
    sums.gc_count = 2;
    sums.gc_sum = 4;
    sums.gc_sum_of_squares = 8;
    EXPECT_EQ(gc_r2(sums), 0.0);
}

TEST(Scores, SumsAddUpNumberByNumber) {
    std::vector<SpeciesSums> sums(2);
    auto const numbers = as_numbers(sums);
    ASSERT_EQ(numbers.size(), 2 * species_sum_count);
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        numbers[i] = static_cast<double>(i);
    }
    sums[0] += sums[1];
    EXPECT_EQ(sums[0].nats, static_cast<double>(species_sum_count));
    EXPECT_EQ(sums[0].order_count, static_cast<double>(3 * species_sum_count - 2));
}

TEST(Scores, WhatWasNotScoredIsNull) {
    auto const json = to_json(SpeciesSums());
    EXPECT_TRUE(json["bits_per_base"].is_null());
    EXPECT_TRUE(json["gc_r2"].is_null());
    EXPECT_TRUE(json["order_accuracy"].is_null());
    EXPECT_EQ(json["bases"], 0);
}

}  // namespace
}  // namespace dnagpt
