#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/io/hdf5_file.hpp"
#include "dnagpt/model/token_scores.hpp"
#include "harness/golden_file.hpp"
#include "model/small_model.hpp"

namespace dnagpt::testing {
namespace {

/// Of float against the torch reference, which is float too, relative to the largest
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

template <class T>
class GoldenModel {
  public:
    GoldenModel()
        : file(Hdf5File::open_read(golden_path(DNAGPT_GOLDEN_MODEL))),
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
        TargetCounts const counts = count_targets(batch);
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
        TargetCounts const counts = count_targets(batch);
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
