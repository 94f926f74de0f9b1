#include "dnagpt/train/optimizer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "dnagpt/device/device_session.hpp"
#include "harness/device_test_session.hpp"
#include "harness/mpi_verdict.hpp"

namespace dnagpt {
namespace {

using testing::world;

constexpr ModelShape shape{1, 2, 16, 32, 101};
constexpr std::int64_t bucket = 128 * 4;

/// Master weights and gradients are functions of the element's number in the flat vector.
class OptimizerTest : public ::testing::Test {
  protected:
    OptimizerTest()
        : layout_(make_parameter_layout(shape)),
          partition_(make_partition(layout_.size, world().rank(), world().size(), bucket)),
          collectives_(world()),
          optimizer_(settings(), layout_, partition_, collectives_),
          weights_("weights", partition_.padded_size),
          gradient_("gradient", partition_.own_size),
          context_{testing::device().stream(), GemmEngine(), Arena(1 << 20)} {
        for (Slice const& slice : partition_.slices) {
            std::vector<float> master;
            std::vector<float> gradient;
            for (std::int64_t i = 0; i < slice.count; ++i) {
                master.push_back(weight(slice.flat_offset + i));
                gradient.push_back(slope(slice.flat_offset + i));
            }
            copy_to_device(master.data(), optimizer_.master().data() + slice.own_offset,
                           slice.count);
            copy_to_device(gradient.data(), gradient_.data() + slice.own_offset, slice.count);
        }
    }

    static OptimizerSection settings() {
        OptimizerSection settings;
        settings.weight_decay = 0.1;
        return settings;
    }
    static float weight(std::int64_t i) { return 0.01F * static_cast<float>(i % 19 - 9); }
    static float slope(std::int64_t i) { return 0.1F * static_cast<float>(i % 5 - 2); }

    ParameterLayout layout_;
    Partition partition_;
    DeviceCollectives collectives_;
    Optimizer<float> optimizer_;
    Buffer<float> weights_;
    Buffer<float> gradient_;
    Context context_;
};

TEST_F(OptimizerTest, PublishesAllRanksWeights) {
    optimizer_.publish(context_, weights_.view());
    auto const all = to_host(weights_.data(), layout_.size);
    for (std::int64_t i = 0; i < layout_.size; ++i) {
        ASSERT_EQ(all[static_cast<std::size_t>(i)], weight(i));
    }
}

/// AdamW's first step (Loshchilov, Hutter 2019) by hand: the corrected moments are g and g g.
TEST_F(OptimizerTest, AStepIsAdamWOnEveryElementAndDecaysLinearWeightsOnly) {
    StepSums sums;
    sums.gradient_scale = 0.5F;
    double const rate = 1e-3;
    optimizer_.step(context_, sums, rate, 1, gradient_.view(), weights_.view());
    device_fence();
    auto const all = to_host(weights_.data(), layout_.size);
    int decayed = 0;
    for (TensorEntry const& tensor : layout_.tensors) {
        std::int64_t size = 1;
        for (std::int64_t const extent : tensor.shape) {
            size *= extent;
        }
        decayed += tensor.traits.decay ? 1 : 0;
        for (std::int64_t i = tensor.offset; i < tensor.offset + size; ++i) {
            double const g = 0.5 * static_cast<double>(slope(i));
            double const before = static_cast<double>(weight(i));
            double const decay = tensor.traits.decay ? settings().weight_decay : 0;
            double const after =
                before - rate * (g / (std::abs(g) + settings().epsilon) + decay * before);
            // three roundings of numbers of the weight's size, a few of the step's
            ASSERT_NEAR(all[static_cast<std::size_t>(i)], after,
                        0x1.0p-23 * (3 * std::abs(before) + 8 * rate))
                << tensor.name << " " << i - tensor.offset;
        }
    }
    EXPECT_GT(decayed, 0);
    EXPECT_LT(decayed, static_cast<int>(layout_.tensors.size()));
}

TEST_F(OptimizerTest, ANonFiniteWeightOfOneRankIsKnownToAll) {
    EXPECT_TRUE(optimizer_.finite(context_));
    if (world().rank() == world().size() - 1) {
        float const nan = std::numeric_limits<float>::quiet_NaN();
        copy_to_device(&nan, optimizer_.master().data(), 1);
    }
    EXPECT_FALSE(optimizer_.finite(context_));
}

}  // namespace
}  // namespace dnagpt
