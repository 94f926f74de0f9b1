#include "dnagpt/ops/fast_math.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace dnagpt {
namespace {

constexpr int points = 400'000;

TEST(FastMath, ExpKeepsItsBound) {
    double worst = 0;
    for (int i = 0; i <= points; ++i) {
        auto const x = static_cast<float>(-87.3 + (88.3 + 87.3) * i / points);
        double const exact = std::exp(static_cast<double>(x));
        worst = std::max(worst, std::abs(fast_exp(x) - exact) / exact);
    }
    EXPECT_LT(worst, 0x1.0p-22);
    EXPECT_GT(worst, 0);
}

TEST(FastMath, ExpAtItsEnds) {
    EXPECT_EQ(fast_exp(0.0F), 1.0F);
    EXPECT_EQ(fast_exp(-88.0F), 0.0F);
    EXPECT_EQ(fast_exp(-1e30F), 0.0F);
    EXPECT_EQ(fast_exp(-INFINITY), 0.0F);
    EXPECT_EQ(fast_exp(1e30F), fast_exp(88.3F));
    EXPECT_TRUE(std::isfinite(fast_exp(88.3F)));
    EXPECT_EQ(fast_exp(1.0), std::exp(1.0));
}

TEST(FastMath, ExpNeverFalls) {
    float before = 0;
    for (int i = 0; i <= points; ++i) {
        float const value = fast_exp(static_cast<float>(-90 + 180.0 * i / points));
        ASSERT_GE(value, before * (1 - 0x1.0p-22F));
        before = value;
    }
}

TEST(FastMath, SigmoidKeepsItsBound) {
    double worst_sigmoid = 0;
    for (int i = 0; i <= points; ++i) {
        auto const x = static_cast<float>(-86.9 + 2 * 86.9 * i / points);
        double const sigmoid = 1 / (1 + std::exp(-static_cast<double>(x)));
        worst_sigmoid = std::max(worst_sigmoid, std::abs(fast_sigmoid(x) - sigmoid) / sigmoid);
    }
    EXPECT_LT(worst_sigmoid, 0x1.0p-21);
    EXPECT_EQ(fast_sigmoid(0.0F), 0.5F);
}

}  // namespace
}  // namespace dnagpt
