#include "dnagpt/train/spike_rule.hpp"

#include <gtest/gtest.h>

namespace dnagpt {
namespace {

NormMean after(int steps, double norm) {
    NormMean norms;
    for (int i = 0; i < steps; ++i) {
        note_norm(norms, norm);
    }
    return norms;
}

TEST(SpikeRule, TheMeanIsPlainAtFirst) {
    NormMean norms;
    note_norm(norms, 1);
    note_norm(norms, 2);
    note_norm(norms, 6);
    EXPECT_DOUBLE_EQ(norms.mean, 3);
    EXPECT_EQ(norms.steps, 3);
}

TEST(SpikeRule, LaterAStepCountsForAFiftieth) {
    NormMean norms = after(50, 1);
    note_norm(norms, 6);
    EXPECT_DOUBLE_EQ(norms.mean, 1 + 5.0 / 50);
    note_norm(norms, 6);
    EXPECT_DOUBLE_EQ(norms.mean, 1.1 + 4.9 / 50);
}

TEST(SpikeRule, ASpikeIsAboveTheFactorAndNothingIsOneEarlyOrWithoutIt) {
    EXPECT_TRUE(is_spike(after(50, 2), 8.1, 4));
    EXPECT_FALSE(is_spike(after(50, 2), 8.0, 4));
    EXPECT_FALSE(is_spike(after(49, 2), 1e9, 4));
    EXPECT_FALSE(is_spike(after(50, 2), 1e9, 0));
}

}  // namespace
}  // namespace dnagpt
