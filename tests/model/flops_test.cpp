#include "dnagpt/model/flops.hpp"

#include <gtest/gtest.h>

#include "dnagpt/config/model_shape.hpp"

namespace dnagpt {
namespace {

TEST(Flops, CountsOneTinyModelByHand) {
    // C = 4, V = 10, T = 6, L = 1: qkv 48, proj 16, fc 64, proj 64; token head 16 + 40, regression
    // head 16 + 4, number embedding 4 + 16.
    ModelShape const shape{1, 2, 4, 6, 10};
    EXPECT_EQ(matrix_parameter_count(shape), 48 + 16 + 64 + 64 + 16 + 40 + 16 + 4 + 4 + 16);
    // The tables 40 + 24 and six norms of 4 come on top.
    EXPECT_EQ(parameter_count(shape), matrix_parameter_count(shape) + 40 + 24 + 6 * 4);
    EXPECT_DOUBLE_EQ(training_flops_per_token(shape), 6.0 * 288 + 12.0 * 1 * 4 * 6);
}

TEST(Flops, AttentionGrowsWithTheContext) {
    ModelShape const near{2, 2, 8, 100, 10};
    ModelShape const far{2, 2, 8, 200, 10};
    EXPECT_DOUBLE_EQ(training_flops_per_token(far) - training_flops_per_token(near),
                     12.0 * 2 * 8 * 100);
}

}  // namespace
}  // namespace dnagpt
