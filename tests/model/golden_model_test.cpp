#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/io/hdf5_file.hpp"
#include "dnagpt/model/token_scores.hpp"
#include "model/small_model.hpp"

namespace dnagpt::testing {
namespace {

/// What issue and contract ask of float against the torch reference, relative to the largest
/// magnitude of each array.
constexpr double tolerance = 1e-4;

void expect_near_golden(std::vector<double> const& ours, std::vector<float> const& golden,
                        std::string const& name) {
    ASSERT_EQ(ours.size(), golden.size()) << name;
    double largest = 0;
    double difference = 0;
    for (std::size_t i = 0; i < golden.size(); ++i) {
        auto const expected = static_cast<double>(golden[i]);
        largest = std::max(largest, std::abs(expected));
        difference = std::max(difference, std::abs(ours[i] - expected));
    }
    EXPECT_GT(largest, 0.0) << name;
    EXPECT_LE(difference, tolerance * largest) << name;
}

ModelShape golden_shape(Hdf5File const& file) {
    return {file.int_attribute("/", "layers"), file.int_attribute("/", "heads"),
            file.int_attribute("/", "channels"), file.int_attribute("/", "context"),
            file.int_attribute("/", "vocabulary")};
}

Batch golden_batch(Hdf5File const& file) {
    Batch batch;
    std::vector<std::int64_t> const shape = file.shape("/batch/tokens");
    batch.rows = shape[0];
    batch.context_length = shape[1];
    batch.tokens = file.read<std::int32_t>("/batch/tokens");
    batch.targets = file.read<std::int32_t>("/batch/targets");
    batch.number_positions = file.read<std::int32_t>("/batch/numbers_position");
    batch.number_values = file.read<float>("/batch/numbers_value");
    batch.regression_positions = file.read<std::int32_t>("/batch/regression_position");
    batch.regression_targets = file.read<float>("/batch/regression_target");
    batch.answer_positions = file.read<std::int32_t>("/batch/order_position");
    batch.answer_targets = file.read<std::int32_t>("/batch/order_target");
    return batch;
}

TargetCounts counts_of(Batch const& batch) {
    return {std::count_if(batch.targets.begin(), batch.targets.end(),
                          [](std::int32_t target) { return target >= 0; }),
            static_cast<std::int64_t>(batch.regression_targets.size()),
            static_cast<std::int64_t>(batch.answer_targets.size())};
}

template <class T>
class GoldenModel {
  public:
    GoldenModel()
        : file(Hdf5File::open_read(DNAGPT_GOLDEN_MODEL)),
          batch(golden_batch(file)),
          model(golden_shape(file), batch.rows) {
        std::vector<double> flat(static_cast<std::size_t>(model.layout.size), 0.0);
        for (TensorEntry const& tensor : model.layout.tensors) {
            auto const values = file.read<float>("/weights/" + tensor.name);
            std::copy(values.begin(), values.end(), flat.begin() + tensor.offset);
        }
        model.set_weights(flat);
    }

    LossScales scales() const {
        TargetCounts const counts = counts_of(batch);
        auto const share = [](double weight, std::int64_t count) {
            return static_cast<float>(weight / static_cast<double>(count));
        };
        return {share(1, counts.next_token),
                share(file.double_attribute("/", "gc_weight"), counts.regression),
                share(file.double_attribute("/", "order_weight"), counts.answer), 0};
    }

    void expect_logits_and_predictions() {
        model.forward(batch);
        std::vector<std::int32_t> positions(batch.tokens.size());
        for (std::size_t i = 0; i < positions.size(); ++i) {
            positions[i] = static_cast<std::int32_t>(i);
        }
        Buffer<std::int32_t> all("positions", static_cast<std::int64_t>(positions.size()));
        copy_to_device(positions.data(), all.data(), all.size());
        expect_near_golden(
            to_doubles(token_logits(model.context, model.params, model.saved, all.view())),
            file.template read<float>("/forward/logits"), "logits");
        Evaluation const scores =
            evaluate_losses(model.context, model.params, model.batch, model.saved, {});
        expect_near_golden(to_doubles(scores.regression),
                           file.template read<float>("/forward/regression"), "regression");
    }

    void expect_losses_and_gradients() {
        TargetCounts const counts = counts_of(batch);
        StepResult const step = model.step(batch, scales());
        auto const expect_loss = [&](double ours, char const* name) {
            double const golden = file.double_attribute("/", name);
            EXPECT_NEAR(ours, golden, tolerance * golden) << name;
        };
        expect_loss(step.sums[next_token_sum] / static_cast<double>(counts.next_token),
                    "loss_next_token");
        expect_loss(step.sums[regression_sum] / static_cast<double>(counts.regression), "loss_gc");
        expect_loss(step.sums[answer_sum] / static_cast<double>(counts.answer), "loss_order");
        expect_loss(step.loss(scales()), "loss");
        for (TensorEntry const& tensor : model.layout.tensors) {
            auto const first = step.gradient.begin() + tensor.offset;
            expect_near_golden(std::vector<double>(first, first + tensor.count()),
                               file.template read<float>("/gradients/" + tensor.name), tensor.name);
        }
    }

  private:
    Hdf5File file;
    Batch batch;
    SmallModel<T> model;
};

TEST(GoldenModel, LogitsAndPredictionsAreThoseOfTheTorchReference) {
    GoldenModel<float>().expect_logits_and_predictions();
}

TEST(GoldenModel, LossesAndGradientsAreThoseOfTheTorchReference) {
    GoldenModel<float>().expect_losses_and_gradients();
}

#if defined(DNAGPT_HAVE_DOUBLE)
TEST(GoldenModel, DoubleAgreesToo) {
    GoldenModel<double>().expect_logits_and_predictions();
    GoldenModel<double>().expect_losses_and_gradients();
}
#endif

}  // namespace
}  // namespace dnagpt::testing
