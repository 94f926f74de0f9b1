#include "dnagpt/model/token_scores.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "model/small_model.hpp"

namespace dnagpt::testing {
namespace {

TEST(EvaluateLosses, LossesStandAtTheirPositionsAndSumToThoseOfTraining) {
    SmallModel<float> model(small_shape, 2);
    model.set_weights(lively_weights(model.layout, 3));
    Batch const batch = template_batch(small_shape, {1, 2});
    StepResult const step = model.step(batch, {1, 1, 1, 0});
    model.forward(batch);
    Evaluation const scores =
        evaluate_losses(model.context, model.params, model.batch, model.saved, {});
    ASSERT_EQ(scores.token_loss.size(), batch.tokens.size());
    double words = 0;
    for (std::size_t i = 0; i < batch.targets.size(); ++i) {
        words += batch.targets[i] >= 0 ? scores.token_loss[i] : 0.0;
    }
    double answers = 0;
    for (std::int32_t const position : batch.answer_positions) {
        answers += scores.token_loss[static_cast<std::size_t>(position)];
    }
    double everything = 0;
    for (double const loss : scores.token_loss) {
        everything += loss;
    }
    EXPECT_NEAR(words, step.sums[next_token_sum], 1e-12 * words);
    EXPECT_NEAR(answers, step.sums[answer_sum], 1e-12 * answers);
    EXPECT_NEAR(everything, words + answers, 1e-12 * everything);
    double squares = 0;
    ASSERT_EQ(scores.regression.size(), batch.regression_targets.size());
    for (std::size_t i = 0; i < scores.regression.size(); ++i) {
        squares +=
            std::pow(static_cast<double>(scores.regression[i] - batch.regression_targets[i]), 2);
    }
    EXPECT_NEAR(squares, step.sums[regression_sum], 1e-5 * squares);
}

TEST(EvaluateLosses, ClassProbabilitiesFitTheAnswersLoss) {
    SmallModel<float> model(small_shape, 3);
    model.set_weights(lively_weights(model.layout, 3));
    Batch const batch = template_batch(small_shape, {1, 2, 3});
    model.forward(batch);
    std::vector<std::int32_t> const words = {0, 1, 5};
    Evaluation const scores =
        evaluate_losses(model.context, model.params, model.batch, model.saved, words);
    ASSERT_EQ(scores.class_logits.size(), 9U);
    ASSERT_EQ(scores.log_normaliser.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        auto const target = static_cast<std::size_t>(batch.answer_targets[i]);
        auto const position = static_cast<std::size_t>(batch.answer_positions[i]);
        double const loss =
            scores.log_normaliser[i] - static_cast<double>(scores.class_logits[3 * i + target]);
        // The losses come from logits in float, of magnitude below 8.
        EXPECT_NEAR(loss, scores.token_loss[position], 1e-5);
    }
}

TEST(EvaluateLosses, ABatchWithoutTargetsHasNoScores) {
    SmallModel<float> model(small_shape, 1);
    model.set_weights(lively_weights(model.layout, 3));
    Batch batch;
    batch.rows = 1;
    batch.context_length = 3;
    batch.tokens = {1, 2, 3};
    batch.targets = {-1, -1, -1};
    model.forward(batch);
    std::vector<std::int32_t> const words = {0, 1};
    Evaluation const scores =
        evaluate_losses(model.context, model.params, model.batch, model.saved, words);
    EXPECT_EQ(scores.token_loss, (std::vector<double>{0, 0, 0}));
    EXPECT_TRUE(scores.regression.empty());
    EXPECT_TRUE(scores.class_logits.empty());
}

}  // namespace
}  // namespace dnagpt::testing
