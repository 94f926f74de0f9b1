#include "dnagpt/core/bf16.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace dnagpt {
namespace {

TEST(Bf16, RoundsToNearestEven) {
    EXPECT_EQ(bf16(1.0F).bits, 0x3f80);
    EXPECT_EQ(bf16(1.0F + 0x1.0p-8F).bits, 0x3f80);  // tie: down to even
    EXPECT_EQ(bf16(1.0F + 0x1.8p-7F).bits, 0x3f82);  // tie: up to even
    EXPECT_EQ(bf16(1.0F + 0x1.0p-8F + 0x1.0p-20F).bits, 0x3f81);
    EXPECT_EQ(bf16(-2.0F).bits, 0xc000);
}

TEST(Bf16, EveryPatternSurvivesTheWayThroughFloat) {
    for (std::uint32_t bits = 0; bits < 0x10000U; ++bits) {
        bf16 value{};
        value.bits = static_cast<std::uint16_t>(bits);
        float const wide = value;
        if (std::isnan(wide)) {
            EXPECT_TRUE(std::isnan(static_cast<float>(bf16(wide))));
        } else {
            EXPECT_EQ(bf16(wide).bits, value.bits);
        }
    }
}

TEST(Bf16, NansThatArithmeticMakesStayNans) {
    float const infinity = std::numeric_limits<float>::infinity();
    float volatile zero = 0.0F;
    for (float const nan : {infinity - infinity, zero / zero, std::sqrt(-1.0F - zero),
                            std::numeric_limits<float>::quiet_NaN(), -(infinity * zero)}) {
        ASSERT_TRUE(std::isnan(nan));
        EXPECT_TRUE(std::isnan(static_cast<float>(bf16(nan))));
    }
}

TEST(Bf16, KeepsInfinityAndOverflowsToIt) {
    float const infinity = std::numeric_limits<float>::infinity();
    EXPECT_EQ(static_cast<float>(bf16(infinity)), infinity);
    EXPECT_EQ(static_cast<float>(bf16(std::numeric_limits<float>::max())), infinity);
}

TEST(Bf16, ErrorStaysWithinTheUnitRoundoff) {
    for (float x = 1e-3F; x < 1e3F; x *= 1.0173F) {
        EXPECT_LE(std::abs(static_cast<float>(bf16(x)) - x), unit_roundoff<bf16>() * x);
    }
}

}  // namespace
}  // namespace dnagpt
