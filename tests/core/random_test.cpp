#include "dnagpt/core/random.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace dnagpt {
namespace {

TEST(Random, SameKeyAndCounterGiveTheSameNumber) {
    EXPECT_EQ(random_bits(7, 3), random_bits(7, 3));
    EXPECT_NE(random_bits(7, 3), random_bits(7, 4));
    EXPECT_NE(random_bits(7, 3), random_bits(8, 3));
}

TEST(Random, OrderOfKeyWordsCounts) {
    EXPECT_NE(random_key({1, 2}), random_key({2, 1}));
    EXPECT_NE(random_key({1}), random_key({1, 0}));
}

TEST(Random, UniformFillsTheUnitIntervalEvenly) {
    std::vector<int> counts(16, 0);
    constexpr int draws = 160000;
    for (int i = 0; i < draws; ++i) {
        double const u = random_uniform(42, static_cast<std::uint64_t>(i));
        ASSERT_GE(u, 0.0);
        ASSERT_LT(u, 1.0);
        ++counts[static_cast<std::size_t>(u * 16)];
    }
    double chi_square = 0;
    for (int const count : counts) {
        chi_square += (count - draws / 16.0) * (count - draws / 16.0) / (draws / 16.0);
    }
    EXPECT_LT(chi_square, 44.3);  // 15 degrees of freedom, p = 1e-4
}

TEST(Random, NormalHasMeanZeroAndDeviationOne) {
    constexpr int draws = 100000;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < draws; ++i) {
        double const x = random_normal(9, static_cast<std::uint64_t>(i));
        sum += x;
        squares += x * x;
    }
    double const error = 4 / std::sqrt(static_cast<double>(draws));
    EXPECT_NEAR(sum / draws, 0.0, error);
    EXPECT_NEAR(squares / draws, 1.0, error * std::sqrt(2.0));
}

TEST(Random, BelowStaysBelow) {
    for (std::uint64_t i = 0; i < 1000; ++i) {
        EXPECT_LT(random_below(5, i, 3), 3U);
    }
    EXPECT_EQ(random_below(5, 0, 1), 0U);
}

class Permutation : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Permutation, IsABijection) {
    std::uint64_t const size = GetParam();
    std::vector<bool> seen(size, false);
    for (std::uint64_t i = 0; i < size; ++i) {
        std::uint64_t const image = random_permutation(11, size, i);
        ASSERT_LT(image, size);
        ASSERT_FALSE(seen[image]);
        seen[image] = true;
    }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Permutation, testing::Values(1, 2, 3, 4, 5, 16, 17, 1000, 65537));

TEST(Random, PermutationsOfDifferentKeysDiffer) {
    int equal = 0;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        equal += random_permutation(1, 1000, i) == random_permutation(2, 1000, i) ? 1 : 0;
    }
    EXPECT_LT(equal, 10);
}

}  // namespace
}  // namespace dnagpt
