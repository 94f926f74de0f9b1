#include "dnagpt/train/metrics.hpp"

#include <gtest/gtest.h>

#include "dnagpt/model/flops.hpp"

namespace dnagpt {
namespace {

StepMetrics example() {
    StepMetrics metrics;
    metrics.step = 7;
    metrics.losses = {3.0, 2.0, 1.0, 0.5};
    metrics.tokens = 700;
    metrics.tokens_of_step = 100;
    metrics.step_seconds = 0.5;
    return metrics;
}

TEST(Metrics, LineHasItsKeysInOrder) {
    std::string keys;
    auto const line = to_json(example(), {});
    for (auto const& [key, value] : line.items()) {
        keys += key + " ";
    }
    EXPECT_EQ(keys,
              "step loss loss_next_token loss_gc loss_order learning_rate grad_norm tokens "
              "rows tokens_per_second mfu step_seconds ");
}

TEST(Metrics, RowsAreTwelveHexadecimalDigits) {
    StepMetrics metrics = example();
    metrics.rows_digest = 0xabc;
    EXPECT_EQ(to_json(metrics, {})["rows"], "000000000abc");
}

TEST(Metrics, LossesWithoutANameAreLeftOut) {
    LossNames const names{"", "", "class"};
    auto const line = to_json(example(), names);
    EXPECT_EQ(line["loss_class"], 0.5);
    EXPECT_FALSE(line.contains("loss_next_token"));
    EXPECT_NE(step_line(example(), names, 10, 90).find("loss 3.0000 (class 0.5000)  lr"),
              std::string::npos);
}

TEST(Metrics, UnknownPeakIsNull) {
    EXPECT_TRUE(to_json(example(), {})["mfu"].is_null());
    EXPECT_EQ(to_json(example(), {})["tokens_per_second"], 200.0);
    EXPECT_EQ(model_flops_utilisation({1, 1, 32, 16, 100}, 1000, 0), 0);
}

TEST(Metrics, StepLineEndsWithSpeedShareOfPeakAndTimeLeft) {
    StepMetrics metrics = example();
    EXPECT_TRUE(step_line(metrics, {}, 10, 90).ends_with("  200 tokens/s  1 min 30 s left"));
    metrics.mfu = 0.41;
    EXPECT_TRUE(
        step_line(metrics, {}, 10, 90).ends_with("200 tokens/s  41 % of peak  1 min 30 s left"));
}

TEST(Metrics, UtilisationIsSpeedTimesFlopsOverPeak) {
    ModelShape const shape{2, 2, 32, 24, 101};
    EXPECT_DOUBLE_EQ(model_flops_utilisation(shape, 1000, 2),
                     1000 * training_flops_per_token(shape) / 2e12);
}

TEST(Metrics, LinesAfterTheResumedStepAreCut) {
    EXPECT_EQ(fate_after_step(to_json(example(), {}), 8), LineFate::keep);
    EXPECT_EQ(fate_after_step(to_json(example(), {}), 7), LineFate::keep_as_last);
    EXPECT_EQ(fate_after_step(to_json(example(), {}), 6), LineFate::drop);
    EXPECT_EQ(fate_after_step({{"evaluation", {{"step", 8}}}}, 7), LineFate::drop);
    EXPECT_EQ(fate_after_step({{"resumed", {{"step", 8}}}}, 7), LineFate::keep);
}

}  // namespace
}  // namespace dnagpt
