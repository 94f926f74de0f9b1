#include "dnagpt/train/gradient_sync.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "dnagpt/device/device_session.hpp"
#include "harness/device_test_session.hpp"
#include "harness/mpi_verdict.hpp"

namespace dnagpt {
namespace {

using testing::world;

constexpr std::int64_t flat_size = 128 * 37;
constexpr std::int64_t bucket = 128 * 8;

constexpr int last_stage = 3;

/// Tensors in the order of a model's: embeddings (last stage), two layers, head (stage 0). No
/// border of a tensor is one of a bucket.
ParameterLayout staged_layout() {
    ParameterLayout layout;
    for (auto const& [elements, stage] :
         {std::pair{128 * 9, 3}, {128 * 10, 2}, {128 * 9, 1}, {128 * 9, 0}}) {
        TensorEntry tensor{"tensor", layout.size, {elements}, {}};
        tensor.traits.backward_stage = stage;
        layout.tensors.push_back(tensor);
        layout.size += elements;
    }
    return layout;
}

/// Every rank's gradient is (rank + 1) (i mod 7 - 3): whole numbers, so that sums are exact.
class Sync : public ::testing::Test {
  protected:
    Sync()
        : layout_(staged_layout()),
          partition_(make_partition(flat_size, world().rank(), world().size(), bucket)),
          collectives_(world()),
          sync_(collectives_, partition_, layout_),
          gradients_("gradients", partition_.padded_size),
          sums_("sums", 3),
          context_{testing::device().stream(), GemmEngine(), Arena(1 << 20)} {
        std::vector<float> own(flat_size);
        for (std::int64_t i = 0; i < flat_size; ++i) {
            own[static_cast<std::size_t>(i)] = static_cast<float>(world().rank() + 1) * pattern(i);
        }
        copy_to_device(own.data(), gradients_.data(), flat_size);
        std::vector<double> const losses = {1.0 + world().rank(), 0.5, 0.25};
        copy_to_device(losses.data(), sums_.data(), 3);
    }

    static float pattern(std::int64_t i) { return static_cast<float>(i % 7 - 3); }
    static float rank_sum() {
        return static_cast<float>(world().size() * (world().size() + 1)) / 2;
    }
    void expect_sums() {
        collectives_.wait(context_.stream);
        for (Slice const& slice : partition_.slices) {
            auto const own = to_host(sync_.own_gradient().data() + slice.own_offset, slice.count);
            for (std::int64_t i = 0; i < slice.count; ++i) {
                ASSERT_EQ(own[static_cast<std::size_t>(i)],
                          rank_sum() * pattern(slice.flat_offset + i));
            }
        }
    }
    static double norm() {
        double squares = 0;
        for (std::int64_t i = 0; i < flat_size; ++i) {
            squares += std::pow(static_cast<double>(rank_sum() * pattern(i)), 2);
        }
        return std::sqrt(squares);
    }

    ParameterLayout layout_;
    Partition partition_;
    DeviceCollectives collectives_;
    GradientSync sync_;
    Buffer<float> gradients_;
    Buffer<double> sums_;
    Context context_;
};

TEST_F(Sync, OwnSlicesHoldTheSumOverRanks) {
    ASSERT_EQ(layout_.size, flat_size);
    sync_.reduce(context_, gradients_.view());
    expect_sums();
}

TEST_F(Sync, ABucketIsSummedWhenAllOfItIsComplete) {
    auto const complete = to_host(gradients_.data(), flat_size);
    for (int turn = 0; turn < 2; ++turn) {
        std::vector<float> so_far(flat_size, 1e6F);
        for (int stage = 0; stage <= last_stage; ++stage) {
            for (TensorEntry const& tensor : layout_.tensors) {
                if (tensor.traits.backward_stage == stage) {
                    std::copy_n(complete.begin() + tensor.offset, tensor.count(),
                                so_far.begin() + tensor.offset);
                }
            }
            copy_to_device(so_far.data(), gradients_.data(), flat_size);
            if (stage < last_stage) {
                sync_.begin_stage(context_, gradients_.view(), stage);
            }
        }
        sync_.reduce(context_, gradients_.view());
        expect_sums();
    }
}

TEST_F(Sync, ARankWithoutRowsGoesWithTheOthers) {
    if (world().rank() % 2 == 0) {
        for (int stage = 0; stage <= last_stage; ++stage) {
            sync_.begin_stage(context_, gradients_.view(), stage);
        }
    }
    sync_.reduce(context_, gradients_.view());
    expect_sums();
}

TEST_F(Sync, NormLossesAndClippingAreThoseOfAllRanks) {
    sync_.reduce(context_, gradients_.view());
    StepSums const free = sync_.finish(context_, sums_.view(), 0);
    EXPECT_TRUE(free.finite);
    EXPECT_EQ(free.next_token, rank_sum());
    EXPECT_EQ(free.regression, 0.5 * world().size());
    EXPECT_EQ(free.answer, 0.25 * world().size());
    EXPECT_NEAR(free.grad_norm, norm(), 1e-12 * norm());
    EXPECT_EQ(free.gradient_scale, 1.0F);
    StepSums const clipped = sync_.finish(context_, sums_.view(), 2.0);
    EXPECT_FLOAT_EQ(clipped.gradient_scale, static_cast<float>(2.0 / norm()));
    EXPECT_EQ(sync_.finish(context_, sums_.view(), 1e9).gradient_scale, 1.0F);
}

TEST_F(Sync, ANonFiniteNumberOfOneRankIsKnownToAll) {
    if (world().rank() == world().size() - 1) {
        float const infinity = std::numeric_limits<float>::infinity();
        copy_to_device(&infinity, gradients_.data() + 5, 1);
    }
    sync_.reduce(context_, gradients_.view());
    EXPECT_FALSE(sync_.finish(context_, sums_.view(), 1).finite);
}

}  // namespace
}  // namespace dnagpt
