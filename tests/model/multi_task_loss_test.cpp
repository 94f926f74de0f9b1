#include "dnagpt/model/multi_task_loss.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "dnagpt/model/token_scores.hpp"
#include "harness/gradient_check.hpp"
#include "model/small_model.hpp"

namespace dnagpt::testing {
namespace {

LossScales scales_of(float next_token, float regression, float answer) {
    return {next_token, regression, answer, 0};
}

double largest_difference(std::vector<double> const& a, std::vector<double> const& b) {
    double largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        largest = std::max(largest, std::abs(a[i] - b[i]));
    }
    return largest;
}

double largest_magnitude(std::vector<double> const& a) {
    return largest_difference(a, std::vector<double>(a.size(), 0.0));
}

TEST(TokenHeadRows, KeepLogitsNear32MiB) {
    EXPECT_EQ(token_head_rows<float>(15'659), 512);  // 535 rows fit
    EXPECT_EQ(token_head_rows<bf16>(15'659), 1024);  // 1,071 rows fit
    EXPECT_EQ(token_head_rows<float>(std::int64_t{1} << 30), 64);
}

/// The sums are those of the logits and predictions that the heads give, term by term.
TEST(StartBackward, SumsAreCrossEntropiesAndSquaredErrors) {
    SmallModel<float> model(small_shape, 2);
    model.set_weights(lively_weights(model.layout, 3));
    Batch const batch = template_batch(small_shape, {1, 2});
    StepResult const step = model.step(batch, scales_of(1, 1, 1));
    model.forward(batch);
    std::vector<float> const logits =
        token_logits(model.context, model.params, model.saved, model.batch.target_positions());
    std::vector<std::int32_t> ids;
    for (std::int32_t const target : batch.targets) {
        if (target >= 0) {
            ids.push_back(target);
        }
    }
    std::size_t const words = ids.size();
    ids.insert(ids.end(), batch.answer_targets.begin(), batch.answer_targets.end());
    std::vector<double> expected(loss_sums, 0.0);
    for (std::size_t r = 0; r < ids.size(); ++r) {
        double normaliser = 0;
        for (std::size_t v = 0; v < 37; ++v) {
            normaliser += std::exp(static_cast<double>(logits[r * 37 + v]));
        }
        double const loss = std::log(normaliser) -
                            static_cast<double>(logits[r * 37 + static_cast<std::size_t>(ids[r])]);
        expected[r < words ? next_token_sum : answer_sum] += loss;
    }
    Evaluation const scores =
        evaluate_losses(model.context, model.params, model.batch, model.saved, {});
    for (std::size_t i = 0; i < scores.regression.size(); ++i) {
        expected[regression_sum] += std::pow(static_cast<double>(scores.regression[i]) -
                                                 static_cast<double>(batch.regression_targets[i]),
                                             2);
    }
    // Each row's loss is taken in float from logits below 8 in magnitude.
    for (std::size_t sum = 0; sum < expected.size(); ++sum) {
        EXPECT_NEAR(step.sums[sum], expected[sum], 1e-5 * expected[sum]) << sum;
        EXPECT_GT(expected[sum], 0.0);
    }
}

TEST(StartBackward, SumsDoNotDependOnScalesButGradientsAreProportional) {
    SmallModel<float> model(small_shape, 2);
    model.set_weights(lively_weights(model.layout, 3));
    Batch const batch = template_batch(small_shape, {1, 2});
    StepResult const single = model.step(batch, scales_of(0.5F, 0.25F, 1.0F));
    StepResult const twice = model.step(batch, scales_of(1.0F, 0.5F, 2.0F));
    EXPECT_EQ(single.sums, twice.sums);
    for (std::size_t i = 0; i < single.gradient.size(); ++i) {
        ASSERT_EQ(2 * single.gradient[i], twice.gradient[i]) << i;
    }
}

#if defined(DNAGPT_HAVE_DOUBLE)
/// A row's weight multiplies its part of the sums and of the gradient.
TEST(StartBackward, RowWeightsMultiplyTheRowsPart) {
    SmallModel<double> model(small_shape, 2);
    model.set_weights(lively_weights(model.layout, 3));
    LossScales const scales = scales_of(0.5F, 0.25F, 0.125F);
    StepResult const first = model.step(template_batch(small_shape, {1}), scales);
    StepResult const second = model.step(template_batch(small_shape, {2}), scales);
    Batch both = template_batch(small_shape, {1, 2});
    both.row_weights = {3.0F, 0.5F};
    StepResult const weighted = model.step(both, scales);
    for (std::size_t sum = 0; sum < weighted.sums.size(); ++sum) {
        EXPECT_NEAR(weighted.sums[sum], 3 * first.sums[sum] + 0.5 * second.sums[sum],
                    1e-12 * weighted.sums[sum]);
    }
    std::vector<double> expected(first.gradient.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        expected[i] = 3 * first.gradient[i] + 0.5 * second.gradient[i];
    }
    EXPECT_LE(largest_difference(weighted.gradient, expected), 1e-13 * largest_magnitude(expected));
}

TEST(StartBackward, TheThreeTasksGradientsAddUp) {
    SmallModel<double> model(small_shape, 2);
    model.set_weights(lively_weights(model.layout, 3));
    Batch const batch = template_batch(small_shape, {1, 2});
    std::vector<double> const all = model.step(batch, scales_of(0.5F, 0.25F, 0.125F)).gradient;
    std::vector<double> sum(all.size(), 0.0);
    for (LossScales const& scales :
         {scales_of(0.5F, 0, 0), scales_of(0, 0.25F, 0), scales_of(0, 0, 0.125F)}) {
        std::vector<double> const part = model.step(batch, scales).gradient;
        EXPECT_GT(largest_magnitude(part), 1e-3);
        for (std::size_t i = 0; i < sum.size(); ++i) {
            sum[i] += part[i];
        }
    }
    // Linear in the scales up to the rounding of a few hundred sums.
    EXPECT_LE(largest_difference(all, sum), 1e-13 * largest_magnitude(all));
}

TEST(StartBackward, TheBlockLengthChangesNothingBeyondRounding) {
    SmallModel<double> model(small_shape, 3);
    model.set_weights(lively_weights(model.layout, 3));
    Batch const batch = template_batch(small_shape, {1, 2, 3});
    LossScales scales = scales_of(0.5F, 0.25F, 0.125F);
    StepResult const whole = model.step(batch, scales);
    for (std::int64_t const rows : {1, 5, 7}) {
        scales.rows_per_block = rows;
        StepResult const blocks = model.step(batch, scales);
        EXPECT_LE(largest_difference(whole.gradient, blocks.gradient),
                  1e-13 * largest_magnitude(whole.gradient))
            << rows;
        EXPECT_LE(largest_difference(whole.sums, blocks.sums), 1e-13 * whole.sums[0]) << rows;
    }
}
#endif

TEST(StartBackward, MissingTargetsLeaveTheirHeadsAlone) {
    SmallModel<float> model(small_shape, 1);
    model.set_weights(lively_weights(model.layout, 3));
    Batch batch = template_batch(small_shape, {1});
    batch.regression_positions.clear();
    batch.regression_targets.clear();
    batch.answer_positions.clear();
    batch.answer_targets.clear();
    batch.tokens[static_cast<std::size_t>(batch.number_positions[0])] = 4;
    batch.number_positions.clear();
    batch.number_values.clear();
    StepResult const words = model.step(batch, scales_of(1, 0, 0));
    EXPECT_GT(words.sums[next_token_sum], 0.0);
    EXPECT_EQ(words.sums[regression_sum], 0.0);
    EXPECT_EQ(words.sums[answer_sum], 0.0);
    for (TensorEntry const& tensor : model.layout.tensors) {
        auto const first = words.gradient.begin() + tensor.offset;
        bool const zero =
            std::all_of(first, first + tensor.count(), [](double value) { return value == 0; });
        bool const unused = tensor.name.rfind("num", 0) == 0;
        EXPECT_EQ(zero, unused) << tensor.name;
    }
    std::fill(batch.targets.begin(), batch.targets.end(), -1);
    StepResult const nothing = model.step(batch, scales_of(0, 0, 0));
    EXPECT_EQ(largest_magnitude(nothing.gradient), 0.0);
    EXPECT_EQ(largest_magnitude(nothing.sums), 0.0);
}

}  // namespace
}  // namespace dnagpt::testing
