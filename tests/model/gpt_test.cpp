#include "dnagpt/model/gpt.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/model/token_scores.hpp"
#include "dnagpt/ops/adamw.hpp"
#include "harness/gradient_check.hpp"
#include "model/small_model.hpp"

namespace dnagpt::testing {
namespace {

/// Exact in float, so that the objective in double uses the same numbers.
LossScales exact_scales() {
    return {0.0625F, 0.25F, 0.5F, 0};
}

[[maybe_unused]] std::vector<double> part_of(std::vector<double> const& flat,
                                             TensorEntry const& tensor) {
    auto const first = flat.begin() + tensor.offset;
    return {first, first + tensor.count()};
}

[[maybe_unused]] double distance(std::vector<double> const& a, std::vector<double> const& b) {
    double squares = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        squares += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return std::sqrt(squares);
}

double length(std::vector<double> const& a) {
    return std::sqrt(dot(a, a));
}

template <class T>
std::vector<float> all_logits(SmallModel<T>& model, Batch const& batch) {
    model.forward(batch);
    std::vector<std::int32_t> positions(batch.tokens.size());
    for (std::size_t i = 0; i < positions.size(); ++i) {
        positions[i] = static_cast<std::int32_t>(i);
    }
    Buffer<std::int32_t> device("positions", static_cast<std::int64_t>(positions.size()));
    copy_to_device(positions.data(), device.data(), device.size());
    return token_logits(model.context, model.params, model.saved, device.view());
}

#if defined(DNAGPT_HAVE_DOUBLE)
TEST(Gpt, EveryTensorsGradientMatchesNumericalDerivatives) {
    SmallModel<double> model(small_shape, 2);
    Batch const batch = template_batch(small_shape, {1, 2});
    std::vector<double> const weights = lively_weights(model.layout, 3);
    LossScales const scales = exact_scales();
    model.set_weights(weights);
    std::vector<double> const gradient = model.step(batch, scales).gradient;
    for (TensorEntry const& tensor : model.layout.tensors) {
        auto const loss_at = [&](std::vector<double> const& values) {
            std::vector<double> moved(weights);
            std::copy(values.begin(), values.end(), moved.begin() + tensor.offset);
            model.set_weights(moved);
            return model.step(batch, scales).loss(scales);
        };
        EXPECT_GT(length(part_of(gradient, tensor)), 0.0) << tensor.name;
        expect_gradient_matches(loss_at, part_of(weights, tensor), part_of(gradient, tensor),
                                tensor.name);
    }
}

TEST(Gpt, AGradientIsCompleteWhenItsStageIsDone) {
    SmallModel<double> model(small_shape, 2);
    model.set_weights(lively_weights(model.layout, 3));
    Batch const batch = template_batch(small_shape, {1, 2});
    std::vector<double> const gradient = model.step(batch, exact_scales()).gradient;
    model.clear();
    model.forward(batch);
    start_backward(model.context, model.params, model.batch, model.saved, exact_scales(),
                   model.gradient_views, model.sums.view());
    int stages = 0;
    gpt_backward(model.context, model.params, model.batch, model.saved, model.gradient_views,
                 [&](int stage) {
                     EXPECT_EQ(stage, stages++);
                     std::vector<double> const so_far = model.result().gradient;
                     for (TensorEntry const& tensor : model.layout.tensors) {
                         bool const complete = part_of(so_far, tensor) == part_of(gradient, tensor);
                         EXPECT_EQ(complete, tensor.traits.backward_stage <= stage)
                             << tensor.name << " at stage " << stage;
                     }
                 });
    EXPECT_EQ(stages, small_shape.layers + 2);
}

TEST(Gpt, GradientsOfGapsStayZero) {
    SmallModel<double> model(small_shape, 2);
    model.set_weights(lively_weights(model.layout, 3));
    std::vector<double> gradient =
        model.step(template_batch(small_shape, {1, 2}), exact_scales()).gradient;
    for (TensorEntry const& tensor : model.layout.tensors) {
        std::fill_n(gradient.begin() + tensor.offset, tensor.count(), 0.0);
    }
    EXPECT_EQ(length(gradient), 0.0);
}

TEST(Gpt, GradientsOfTwoBatchesAddUpToThoseOfBothTogether) {
    SmallModel<double> model(small_shape, 2);
    model.set_weights(lively_weights(model.layout, 3));
    StepResult const together = model.step(template_batch(small_shape, {1, 2}), exact_scales());
    model.clear();
    model.accumulate(template_batch(small_shape, {1}), exact_scales());
    model.accumulate(template_batch(small_shape, {2}), exact_scales());
    StepResult const apart = model.result();
    // Only the order of the sums differs: a few hundred terms of relative error 2^-53 each.
    EXPECT_LE(distance(together.gradient, apart.gradient), 1e-13 * length(together.gradient));
    for (int sum = 0; sum < loss_sums; ++sum) {
        auto const i = static_cast<std::size_t>(sum);
        EXPECT_NEAR(together.sums[i], apart.sums[i], 1e-13 * together.sums[i]) << sum;
    }
}

/// Relative distance of logits and gradient computed in T from those computed in double with the
/// same weights and batch. A value passes about 10 stored roundings a layer and 10 outside, forward
/// and again backward; independent errors add up as their root, and a factor 4 allows for the
/// amplification by layernorms over 8 channels.
template <class T>
void expect_close_to_double() {
    SmallModel<T> model(small_shape, 2);
    SmallModel<double> reference(small_shape, 2);
    Batch const batch = template_batch(small_shape, {1, 2});
    model.set_weights(lively_weights(model.layout, 3));
    reference.set_weights(to_doubles(to_host(model.weights.data(), model.layout.size)));
    StepResult const ours = model.step(batch, exact_scales());
    StepResult const exact = reference.step(batch, exact_scales());
    double const roundings = 2.0 * 10.0 * static_cast<double>(small_shape.layers + 1);
    double const tolerance = 4 * std::sqrt(roundings) * unit_roundoff<T>();
    EXPECT_LE(distance(ours.gradient, exact.gradient), tolerance * length(exact.gradient));
    EXPECT_GT(distance(ours.gradient, exact.gradient), 0.0);
    std::vector<double> const logits = to_doubles(all_logits(model, batch));
    std::vector<double> const exact_logits = to_doubles(all_logits(reference, batch));
    EXPECT_LE(distance(logits, exact_logits), tolerance * length(exact_logits));
    EXPECT_NEAR(ours.loss(exact_scales()), exact.loss(exact_scales()),
                tolerance * exact.loss(exact_scales()));
}

TEST(Gpt, FloatAgreesWithDouble) {
    expect_close_to_double<float>();
}

TEST(Gpt, Bf16AgreesWithDouble) {
    expect_close_to_double<bf16>();
}
#endif

TEST(Gpt, RowsOfABatchDoNotInfluenceEachOther) {
    SmallModel<float> model(small_shape, 2);
    model.set_weights(lively_weights(model.layout, 3));
    std::vector<float> const first = all_logits(model, template_batch(small_shape, {1, 2}));
    std::vector<float> const second = all_logits(model, template_batch(small_shape, {1, 7}));
    std::size_t const row = first.size() / 2;
    for (std::size_t i = 0; i < row; ++i) {
        ASSERT_EQ(first[i], second[i]) << "logit " << i;
    }
    EXPECT_NE(std::vector<float>(first.begin() + static_cast<std::ptrdiff_t>(row), first.end()),
              std::vector<float>(second.begin() + static_cast<std::ptrdiff_t>(row), second.end()));
}

TEST(Gpt, LaterPositionsDoNotInfluenceEarlierOnes) {
    SmallModel<float> model(small_shape, 1);
    model.set_weights(lively_weights(model.layout, 3));
    Batch batch = template_batch(small_shape, {1});
    std::vector<float> const before = all_logits(model, batch);
    std::size_t const changed = 7;
    batch.tokens[changed] = (std::max(batch.tokens[changed], 0) + 1) % 37;
    std::vector<float> const after = all_logits(model, batch);
    std::size_t const vocabulary = 37;
    for (std::size_t i = 0; i < changed * vocabulary; ++i) {
        ASSERT_EQ(before[i], after[i]) << "logit " << i;
    }
    EXPECT_NE(before[changed * vocabulary], after[changed * vocabulary]);
}

TEST(Gpt, ANumberTakesTheTokensPlace) {
    SmallModel<float> model(small_shape, 1);
    model.set_weights(lively_weights(model.layout, 3));
    Batch batch = template_batch(small_shape, {1});
    auto const position = static_cast<std::size_t>(batch.number_positions[0]);
    std::vector<float> const before = all_logits(model, batch);
    batch.number_values[0] += 1.0F;
    std::vector<float> const after = all_logits(model, batch);
    EXPECT_EQ(before[position * 37 - 1], after[position * 37 - 1]);
    EXPECT_NE(before[position * 37], after[position * 37]);
}

TEST(Gpt, AShortBatchGivesWhatAModelOfItsSizeGives) {
    SmallModel<float> large(small_shape, 4);
    SmallModel<float> fitting(small_shape, 2);
    large.set_weights(lively_weights(large.layout, 3));
    fitting.set_weights(lively_weights(fitting.layout, 3));
    large.step(template_batch(small_shape, {5, 6, 7, 8}), exact_scales());
    Batch const batch = template_batch(small_shape, {1, 2});
    StepResult const in_large = large.step(batch, exact_scales());
    StepResult const in_fitting = fitting.step(batch, exact_scales());
    EXPECT_EQ(in_large.sums, in_fitting.sums);
    EXPECT_EQ(in_large.gradient, in_fitting.gradient);
}

TEST(Gpt, AnEmptyBatchChangesNothing) {
    SmallModel<float> model(small_shape, 2);
    model.set_weights(lively_weights(model.layout, 3));
    Batch empty;
    empty.context_length = small_shape.context_length;
    StepResult const result = model.step(empty, exact_scales());
    EXPECT_EQ(result.sums, (std::vector<double>{0, 0, 0}));
    EXPECT_EQ(length(result.gradient), 0.0);
}

TEST(Gpt, InferenceSharesMemoryBetweenLayersAndGivesTheSameLogits) {
    SmallModel<float> training(small_shape, 2);
    SmallModel<float> inference(small_shape, 2, Purpose::inference);
    training.set_weights(lively_weights(training.layout, 3));
    inference.set_weights(lively_weights(training.layout, 3));
    Batch const batch = template_batch(small_shape, {1, 2});
    EXPECT_EQ(all_logits(training, batch), all_logits(inference, batch));
    ModelShape deeper = small_shape;
    deeper.layers = 9;
    EXPECT_EQ(SmallModel<float>::activation_bytes(deeper, 2, Purpose::inference),
              SmallModel<float>::activation_bytes(small_shape, 2, Purpose::inference));
    EXPECT_GT(SmallModel<float>::activation_bytes(deeper, 2, Purpose::training),
              SmallModel<float>::activation_bytes(small_shape, 2, Purpose::training));
}

TEST(Gpt, RecomputingGivesTheSameBitsInLessMemory) {
    ModelShape shape = small_shape;
    shape.layers = 4;
    SmallModel<bf16> keeping(shape, 3);
    SmallModel<bf16> recomputing(shape, 3, Purpose::recomputing);
    keeping.set_weights(lively_weights(keeping.layout, 3));
    recomputing.set_weights(lively_weights(keeping.layout, 3));
    for (std::vector<std::uint64_t> const& rows : {std::vector<std::uint64_t>{1, 2, 3}, {4}}) {
        Batch const batch = template_batch(shape, rows);
        StepResult const expected = keeping.step(batch, exact_scales());
        StepResult const found = recomputing.step(batch, exact_scales());
        EXPECT_GT(length(expected.gradient), 0.0);
        EXPECT_EQ(found.gradient, expected.gradient);
        EXPECT_EQ(found.sums, expected.sums);
    }
    ModelShape deeper = shape;
    deeper.layers = 5;
    std::int64_t const positions = 3 * shape.context_length;
    std::int64_t const aligned =
        (positions * shape.channels * static_cast<std::int64_t>(sizeof(bf16)) + 511) / 512 * 512;
    EXPECT_EQ(SmallModel<bf16>::activation_bytes(deeper, 3, Purpose::recomputing) -
                  SmallModel<bf16>::activation_bytes(shape, 3, Purpose::recomputing),
              2 * aligned);
    EXPECT_LT(SmallModel<bf16>::activation_bytes(shape, 3, Purpose::recomputing),
              SmallModel<bf16>::activation_bytes(shape, 3, Purpose::training));
}

TEST(Gpt, ScratchIsEnoughForAShorterContextToo) {
    SmallModel<float> model(small_shape, 3);
    model.set_weights(lively_weights(model.layout, 3));
    ModelShape shorter = small_shape;
    shorter.context_length = 7;
    model.step(template_batch(shorter, {1, 2, 3, 4}), exact_scales());
    EXPECT_EQ(model.context.scratch.mark(), 0);
}

TEST(Gpt, LearnsOneBatchByHeart) {
    SmallModel<float> model({2, 2, 32, 10, 37}, 4);
    Batch const batch = template_batch(model.shape, {1, 2, 3, 4});
    std::vector<float> drawn(static_cast<std::size_t>(model.layout.size));
    draw_initial_weights(model.layout, 11, 0, model.layout.size, drawn.data());
    Buffer<float> master("master", model.layout.size);
    Buffer<float> m("m", model.layout.size);
    Buffer<float> v("v", model.layout.size);
    copy_to_device(drawn.data(), master.data(), model.layout.size);
    model.set_weights(to_doubles(drawn));
    TargetCounts const counts{
        static_cast<std::int64_t>(std::count_if(batch.targets.begin(), batch.targets.end(),
                                                [](std::int32_t target) { return target >= 0; })),
        4, 4};
    LossScales const scales{1.0F / static_cast<float>(counts.next_token),
                            1.0F / static_cast<float>(counts.regression),
                            1.0F / static_cast<float>(counts.answer), 0};
    double const at_start = model.step(batch, scales).loss(scales);
    AdamwStep step;
    step.learning_rate = 3e-3F;
    for (step.update = 1; step.update <= 300; ++step.update) {
        model.step(batch, scales);
        adamw_update(model.context, step, model.gradients.view(), master.view(), m.view(), v.view(),
                     model.weights.view());
    }
    double const at_end = model.step(batch, scales).loss(scales);
    EXPECT_GT(at_start, 2.0);
    EXPECT_LT(at_end, 0.02);
}

}  // namespace
}  // namespace dnagpt::testing
