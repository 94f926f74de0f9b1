#include "dnagpt/train/schedule.hpp"

#include <gtest/gtest.h>

#include "dnagpt/core/check.hpp"

namespace dnagpt {
namespace {

TEST(Schedule, WarmsUpLinearlyAndEndsAtTheMinimum) {
    Schedule const schedule{10, 4, 1.0, 0.1};
    EXPECT_DOUBLE_EQ(learning_rate(schedule, 0), 0.25);
    EXPECT_DOUBLE_EQ(learning_rate(schedule, 3), 1.0);
    EXPECT_DOUBLE_EQ(learning_rate(schedule, 4), 1.0);
    EXPECT_DOUBLE_EQ(learning_rate(schedule, 7), 0.55);  // half of the cosine
    EXPECT_DOUBLE_EQ(learning_rate(schedule, 10), 0.1);
    EXPECT_DOUBLE_EQ(learning_rate(schedule, 1000), 0.1);
}

TEST(Schedule, WithoutWarmUpBeginsAtTheTop) {
    EXPECT_DOUBLE_EQ(learning_rate({10, 0, 2.0, 0.0}, 0), 2.0);
}

TEST(Schedule, EpochsAreRoundedUpToSteps) {
    RunConfig config;
    config.batch.tokens_per_step = 4 * config.model.context_length;
    config.schedule.epochs = 2.5;
    config.schedule.warmup_epochs = 1;
    Schedule const schedule = make_schedule(config, 10);
    EXPECT_EQ(schedule.steps, 7);
    EXPECT_EQ(schedule.warmup_steps, 3);
    config.schedule.epochs = 1.1;
    config.batch.tokens_per_step = config.model.context_length;
    EXPECT_EQ(make_schedule(config, 100).steps, 110);
}

TEST(Schedule, AWarmUpLongerThanTheRunIsRefused) {
    RunConfig config;
    config.schedule.steps = 5;
    config.schedule.warmup_steps = 6;
    EXPECT_THROW(make_schedule(config, 10), Error);
}

}  // namespace
}  // namespace dnagpt
