#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "dnagpt/config/run_config.hpp"
#include "dnagpt/core/random.hpp"
#include "dnagpt/io/hdf5_file.hpp"
#include "dnagpt/ops/elementwise.hpp"
#include "dnagpt/train/schedule.hpp"
#include "dnagpt/train/training_memory.hpp"
#include "dnagpt/train/training_step.hpp"
#include "harness/device_test_session.hpp"
#include "harness/golden_file.hpp"
#include "harness/mpi_verdict.hpp"

namespace dnagpt {
namespace {

using testing::world;

/// Rows [first, last) of a batch.
Batch part_of(Batch const& whole, std::int64_t first, std::int64_t last) {
    Batch part;
    part.rows = last - first;
    part.context_length = whole.context_length;
    std::int64_t const begin = first * whole.context_length;
    std::int64_t const end = last * whole.context_length;
    part.tokens.assign(whole.tokens.begin() + begin, whole.tokens.begin() + end);
    part.targets.assign(whole.targets.begin() + begin, whole.targets.begin() + end);
    auto const take = [&](auto const& positions, auto const& values, auto& to_positions,
                          auto& to_values) {
        for (std::size_t i = 0; i < positions.size(); ++i) {
            if (positions[i] >= begin && positions[i] < end) {
                to_positions.push_back(static_cast<std::int32_t>(positions[i] - begin));
                to_values.push_back(values[i]);
            }
        }
    };
    take(whole.number_positions, whole.number_values, part.number_positions, part.number_values);
    take(whole.regression_positions, whole.regression_targets, part.regression_positions,
         part.regression_targets);
    take(whole.answer_positions, whole.answer_targets, part.answer_positions, part.answer_targets);
    return part;
}

OptimizerSection golden_optimizer(Hdf5File const& file) {
    OptimizerSection settings;
    settings.learning_rate = file.double_attribute("/", "learning_rate");
    settings.beta1 = file.double_attribute("/", "beta_1");
    settings.beta2 = file.double_attribute("/", "beta_2");
    settings.epsilon = file.double_attribute("/", "eps");
    settings.weight_decay = file.double_attribute("/", "weight_decay");
    settings.max_norm = file.double_attribute("/", "max_norm");
    return settings;
}

/// The training run of tests/golden/small_model.h5 with the rows spread over the ranks, one row a
/// micro-batch. Ranks beyond the third have no row.
class GoldenRun : public ::testing::Test {
  protected:
    GoldenRun()
        : file_(Hdf5File::open_read(testing::golden_path(DNAGPT_GOLDEN_MODEL))),
          batch_(testing::golden_batch(file_)),
          settings_(golden_optimizer(file_)),
          collectives_(world()),
          memory_(testing::golden_shape(file_), settings_,
                  {1, testing::golden_shape(file_).context_length}, collectives_, world()),
          context_{
              testing::device().stream(), GemmEngine(),
              Arena(gpt_scratch_bytes<float>(memory_.shape, 1, memory_.shape.context_length))} {
        std::int64_t const rows = batch_.rows;
        for (std::int64_t row = rows * world().rank() / world().size();
             row < rows * (world().rank() + 1) / world().size(); ++row) {
            micro_batches_.push_back(part_of(batch_, row, row + 1));
        }
        load_weights();
    }

    /// The file's weights and new moments; with `nudged` each weight is rounded to one of its
    /// neighbours.
    void load_weights(bool nudged = false) {
        std::vector<float> flat(static_cast<std::size_t>(memory_.layout.size), 0.0F);
        for (TensorEntry const& tensor : memory_.layout.tensors) {
            auto const values = file_.read<float>("/weights/" + tensor.name);
            std::copy(values.begin(), values.end(), flat.begin() + tensor.offset);
        }
        std::uint64_t const key = random_key({1});
        for (std::size_t i = 0; nudged && i < flat.size(); ++i) {
            flat[i] = std::nextafter(flat[i], random_below(key, i, 2) == 0 ? -1e9F : 1e9F);
        }
        for (Slice const& slice : memory_.partition.slices) {
            copy_to_device(flat.data() + slice.flat_offset,
                           memory_.optimizer.master().data() + slice.own_offset, slice.count);
        }
        fill(context_, memory_.optimizer.first_moment(), 0.0F);
        fill(context_, memory_.optimizer.second_moment(), 0.0F);
        memory_.optimizer.publish(context_, memory_.weights.view());
    }

    struct Step {
        double loss;
        double grad_norm;
        double learning_rate;
    };
    /// The run of the file.
    std::vector<Step> train() {
        TasksSection const tasks{file_.double_attribute("/", "order_weight"),
                                 file_.double_attribute("/", "gc_weight")};
        Schedule const schedule{file_.int_attribute("/", "steps"),
                                file_.int_attribute("/", "warmup_steps"), settings_.learning_rate,
                                file_.double_attribute("/", "min_learning_rate")};
        TargetCounts const targets = count_targets(batch_);
        std::vector<Step> steps;
        for (std::int64_t step = 0; step < schedule.steps; ++step) {
            StepSums const sums = compute_gradients(context_, memory_, micro_batches_, targets,
                                                    tasks, settings_.max_norm);
            EXPECT_TRUE(sums.finite);
            double const rate = learning_rate(schedule, step);
            steps.push_back({mean_losses(sums, targets, tasks).loss, sums.grad_norm, rate});
            memory_.optimizer.step(context_, sums, rate, step + 1,
                                   memory_.gradient_sync.own_gradient(), memory_.weights.view());
        }
        return steps;
    }

    Hdf5File file_;
    Batch batch_;
    OptimizerSection settings_;
    DeviceCollectives collectives_;
    TrainingMemory<float> memory_;
    Context context_;
    std::vector<Batch> micro_batches_;
};

/// What rounding may change. Moving every weight to a neighbouring number is one rounding of each
/// factor, and training shows what becomes of it; a value comes from sums of up to 4 C terms, four
/// products a block, whose roundings add up like a random walk.
class Tolerance {
  public:
    explicit Tolerance(ModelShape const& shape)
        : roundings_(std::sqrt(static_cast<double>(4 * shape.channels * 4 * shape.layers))) {}
    double next(double value, double nudged) {
        double const eps = std::numeric_limits<float>::epsilon();
        moved_ = std::max(moved_, std::abs(value - nudged) + eps * std::abs(value));
        return roundings_ * moved_;
    }

  private:
    double roundings_;
    double moved_ = 0;
};

TEST_F(GoldenRun, TenStepsEqualTheTorchReferenceAtAnyWorldSize) {
    auto const losses = file_.read<float>("/training/loss");
    auto const norms = file_.read<float>("/training/grad_norm");
    auto const rates = file_.read<float>("/training/learning_rate");
    auto const steps = train();
    load_weights(true);
    auto const nudged = train();
    ASSERT_EQ(steps.size(), losses.size());
    Tolerance of_loss(memory_.shape);
    Tolerance of_norm(memory_.shape);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        double const loss_bound = of_loss.next(steps[i].loss, nudged[i].loss);
        double const norm_bound = of_norm.next(steps[i].grad_norm, nudged[i].grad_norm);
        EXPECT_NEAR(steps[i].loss, losses[i], loss_bound);
        EXPECT_NEAR(steps[i].grad_norm, norms[i], norm_bound);
        EXPECT_NEAR(steps[i].learning_rate, rates[i], 1e-6 * settings_.learning_rate);
        EXPECT_LT(loss_bound, 1e-4 * losses[i]);
    }
}

/// The rows begin with the same species token, so their first words cannot all be foretold: masked.
TEST_F(GoldenRun, OneBatchIsLearntByHeart) {
    for (Batch& batch : micro_batches_) {
        batch.targets[0] = -1;
    }
    TargetCounts targets = count_targets(batch_);
    targets.next_token -= batch_.rows;
    TasksSection const tasks{1.0, 1.0};
    double loss = 0;
    for (std::int64_t update = 1; update <= 300; ++update) {
        StepSums const sums =
            compute_gradients(context_, memory_, micro_batches_, targets, tasks, 1.0);
        loss = mean_losses(sums, targets, tasks).loss;
        memory_.optimizer.step(context_, sums, update < 200 ? 1e-2 : 1e-3, update,
                               memory_.gradient_sync.own_gradient(), memory_.weights.view());
    }
    EXPECT_LT(loss, 0.02);
}

TEST_F(GoldenRun, ANonFiniteWeightIsNoticedOnEveryRank) {
    float const infinity = std::numeric_limits<float>::infinity();
    copy_to_device(&infinity, memory_.weights.data() + memory_.layout.tensors.front().offset + 5,
                   1);
    for (TensorEntry const& tensor : memory_.layout.tensors) {
        if (tensor.name == "transformer.ln_f.weight") {
            copy_to_device(&infinity, memory_.weights.data() + tensor.offset, 1);
        }
    }
    StepSums const sums =
        compute_gradients(context_, memory_, micro_batches_, count_targets(batch_), {}, 1.0);
    EXPECT_FALSE(sums.finite);
}

}  // namespace
}  // namespace dnagpt
