#include "dnagpt/ops/linear.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "harness/device_array.hpp"
#include "harness/gradient_check.hpp"

namespace dnagpt {
namespace {

using testing::DeviceArray;

TEST(Linear, ForwardByHand) {
    Context context;
    DeviceArray<float> const input(std::vector<float>{1, 2, 3, 4});
    DeviceArray<float> const weight(std::vector<float>{1, 0, 0, 1, 1, -1});
    DeviceArray<float> const output(std::vector<float>{9, 9, 9, 9, 9, 9});
    linear_forward(context, input.matrix(2, 2), weight.matrix(3, 2), output.matrix(2, 3));
    EXPECT_EQ(output.host(), (std::vector<float>{1, 2, -1, 3, 4, -1}));
    linear_forward(context, input.matrix(2, 2), weight.matrix(3, 2), output.matrix(2, 3),
                   Write::add);
    EXPECT_EQ(output.host(), (std::vector<float>{2, 4, -2, 6, 8, -2}));
}

TEST(Linear, BackwardInputAssignsOrAdds) {
    Context context;
    DeviceArray<float> const doutput(std::vector<float>{1, 2, 3});
    DeviceArray<float> const weight(std::vector<float>{1, 0, 0, 1, 1, -1});
    DeviceArray<float> const dinput(std::vector<float>{7, 7});
    linear_backward_input(context, doutput.matrix(1, 3), weight.matrix(3, 2), dinput.matrix(1, 2));
    EXPECT_EQ(dinput.host(), (std::vector<float>{4, -1}));
    linear_backward_input(context, doutput.matrix(1, 3), weight.matrix(3, 2), dinput.matrix(1, 2),
                          Write::add);
    EXPECT_EQ(dinput.host(), (std::vector<float>{8, -2}));
}

TEST(Linear, BackwardWeightAddsInFloat) {
    Context context;
    auto const two = [](float first, float second) {
        return std::vector<bf16>{bf16(first), bf16(second)};
    };
    DeviceArray<bf16> const doutput(two(1, 2));
    DeviceArray<bf16> const input(two(3, -1));
    DeviceArray<float> const dweight(std::vector<float>{1000.125F});
    linear_backward_weight(context, doutput.matrix(2, 1), input.matrix(2, 1), dweight.matrix(1, 1));
    EXPECT_EQ(dweight.host(), std::vector<float>{1001.125F});
}

TEST(Linear, WhatStandsBehindTheRowsOfTheOutputIsLeftAlone) {
    Context context;
    DeviceArray<float> const input(std::vector<float>{1, 2, 3, 4});
    DeviceArray<float> const weight(std::vector<float>{1, 0, 0, 1});
    DeviceArray<float> const output(std::vector<float>{9, 9, 7, 9, 9, 7});
    linear_forward(context, input.matrix(2, 2), weight.matrix(2, 2), output.matrix(2, 3));
    EXPECT_EQ(output.host(), (std::vector<float>{1, 2, 7, 3, 4, 7}));
    DeviceArray<float> const dinput(4);
    linear_backward_input(context, output.matrix(2, 3), weight.matrix(2, 2), dinput.matrix(2, 2));
    EXPECT_EQ(dinput.host(), (std::vector<float>{1, 2, 3, 4}));
    DeviceArray<float> const dweight(std::vector<float>{0, 0, 0, 100});
    linear_backward_weight(context, output.matrix(2, 3), input.matrix(2, 2), dweight.matrix(2, 2));
    EXPECT_EQ(dweight.host(), (std::vector<float>{10, 14, 14, 120}));
}

TEST(Linear, NoRowsLeaveTheWeightGradientAlone) {
    Context context;
    DeviceArray<float> const none(0);
    DeviceArray<float> const dweight(std::vector<float>{5, 6});
    linear_backward_weight(context, none.matrix(0, 1), none.matrix(0, 2), dweight.matrix(1, 2));
    EXPECT_EQ(dweight.host(), (std::vector<float>{5, 6}));
}

TEST(Linear, RefusesWeightsOfAnotherWidth) {
    Context context;
    DeviceArray<float> const array(16);
    EXPECT_THROW(
        linear_forward(context, array.matrix(2, 3), array.matrix(2, 4), array.matrix(2, 2)), Error);
    EXPECT_THROW(
        linear_backward_weight(context, array.matrix(2, 3), array.matrix(4, 3), array.matrix(3, 3)),
        Error);
}

#if defined(DNAGPT_HAVE_DOUBLE)
constexpr std::int64_t rows = 6;
constexpr std::int64_t inputs = 5;
constexpr std::int64_t outputs = 7;

double loss_at(std::vector<double> const& input, std::vector<double> const& weight,
               std::vector<double> const& doutput) {
    Context context;
    DeviceArray<double> const output(rows * outputs);
    linear_forward(context, DeviceArray<double>(input).matrix(rows, inputs),
                   DeviceArray<double>(weight).matrix(outputs, inputs),
                   output.matrix(rows, outputs));
    return testing::dot(output.host(), doutput);
}

TEST(Linear, GradientsMatch) {
    auto const input = testing::random_values(rows * inputs, 1);
    auto const weight = testing::random_values(outputs * inputs, 2);
    auto const doutput = testing::random_values(rows * outputs, 3);
    Context context;
    DeviceArray<double> const doutputs(doutput);
    DeviceArray<double> const dinput(rows * inputs);
    DeviceArray<double> const dweight(outputs * inputs);
    linear_backward_input(context, doutputs.matrix(rows, outputs),
                          DeviceArray<double>(weight).matrix(outputs, inputs),
                          dinput.matrix(rows, inputs));
    linear_backward_weight(context, doutputs.matrix(rows, outputs),
                           DeviceArray<double>(input).matrix(rows, inputs),
                           dweight.matrix(outputs, inputs));
    auto const loss_of_input = [&](std::vector<double> const& at) {
        return loss_at(at, weight, doutput);
    };
    auto const loss_of_weight = [&](std::vector<double> const& at) {
        return loss_at(input, at, doutput);
    };
    testing::expect_each_derivative_matches(loss_of_input, input, dinput.host(), "input");
    testing::expect_gradient_matches(loss_of_weight, weight, dweight.host(), "weight");
}
#endif

}  // namespace
}  // namespace dnagpt
