#include "dnagpt/model/head.hpp"

#include <gtest/gtest.h>

#include "model/block_arrays.hpp"

namespace dnagpt::testing {
namespace {

struct HeadCase {
    HeadCase(std::int64_t in, std::int64_t channels, std::int64_t out)
        : context{{}, {}, Arena(1 << 20)},
          memory(1 << 20),
          arrays(7),
          params{arrays.random(channels, in, 0.5), arrays.random_vector(channels),
                 arrays.random(out, channels, 0.5)},
          grads{arrays.zero(channels, in), arrays.zero_vector(channels),
                arrays.zero(out, channels)},
          input(arrays.random(rows, in)),
          dinput(arrays.zero(rows, in)),
          output(arrays.zero(rows, out)),
          doutput(arrays.random(rows, out)),
          work(layout_head_work<double>(channels, rows, memory)) {}

    double forward() {
        head_forward(context, params, input, work, output);
        return dot(host_of(output), host_of(doutput));
    }

    static constexpr std::int64_t rows = 5;
    Context context;
    Arena memory;
    BlockArrays arrays;
    HeadParams<double> params;
    HeadParams<double> grads;
    Matrix<double> input, dinput, output, doutput;
    HeadWork<double> work;
};

TEST(Head, IsLinearSiluLayernormLinear) {
    HeadCase head(3, 6, 4);
    head.forward();
    HostMatrix const active = reference_map(
        reference_linear(host_matrix(head.input), host_matrix(head.params.dense)), reference_silu);
    HostMatrix const normed = reference_layernorm(active, host_of(head.params.norm));
    expect_equal(host_matrix(head.output),
                 reference_linear(normed, host_matrix(head.params.output)));
}

TEST(Head, GradientsMatchNumericalDerivatives) {
    HeadCase head(3, 6, 4);
    head.forward();
    head_backward(head.context, head.params, head.input, head.work, head.doutput, head.dinput,
                  head.grads);
    auto const forward = [&] { return head.forward(); };
    expect_gradient(head.input, head.dinput, forward, "input");
    expect_gradient(head.params.dense, head.grads.dense, forward, "dense");
    expect_gradient(head.params.norm, head.grads.norm, forward, "norm");
    expect_gradient(head.params.output, head.grads.output, forward, "output");
}

TEST(Head, GradientsOfWeightsAccumulateAndTheInputsMayBeInPlaceOrLeftOut) {
    HeadCase head(3, 6, 4);
    head.forward();
    head_backward(head.context, head.params, head.input, head.work, head.doutput, Matrix<double>(),
                  head.grads);
    std::vector<double> const once = host_of(head.grads.dense);
    head.forward();
    head_backward(head.context, head.params, head.input, head.work, head.doutput, head.dinput,
                  head.grads);
    std::vector<double> const twice = host_of(head.grads.dense);
    for (std::size_t i = 0; i < once.size(); ++i) {
        EXPECT_DOUBLE_EQ(twice[i], 2 * once[i]);
    }
    head.forward();
    head_backward(head.context, head.params, head.input, head.work, head.doutput, head.input,
                  head.grads);
    EXPECT_EQ(host_of(head.input), host_of(head.dinput));
}

TEST(Head, WorksWithOneInputAndWithOneOutput) {
    HeadCase numbers(1, 6, 6);
    numbers.forward();
    head_backward(numbers.context, numbers.params, numbers.input, numbers.work, numbers.doutput,
                  numbers.dinput, numbers.grads);
    expect_gradient(
        numbers.params.dense, numbers.grads.dense, [&] { return numbers.forward(); }, "numbers");
    HeadCase regression(6, 6, 1);
    regression.forward();
    head_backward(regression.context, regression.params, regression.input, regression.work,
                  regression.doutput, regression.dinput, regression.grads);
    expect_gradient(
        regression.input, regression.dinput, [&] { return regression.forward(); }, "regression");
}

}  // namespace
}  // namespace dnagpt::testing
