#include "dnagpt/model/mlp_block.hpp"

#include <gtest/gtest.h>

#include "model/block_arrays.hpp"

namespace dnagpt::testing {
namespace {

constexpr ModelShape shape{1, 1, 6, 5, 10};

struct MlpCase {
    MlpCase()
        : context{{}, {}, Arena(1 << 20)},
          memory(1 << 20),
          arrays(7),
          params{arrays.random_vector(6), arrays.random(24, 6, 0.5), arrays.random(6, 24, 0.3)},
          grads{arrays.zero_vector(6), arrays.zero(24, 6), arrays.zero(6, 24)},
          input(arrays.random(5, 6)),
          output(arrays.zero(5, 6)),
          doutput(arrays.random(5, 6)),
          saved(layout_mlp_block_saved<double>(shape, 9, memory)) {
        saved.input = input;
    }

    double forward() {
        mlp_block_forward(context, params, saved, output);
        return dot(host_of(output), host_of(doutput));
    }

    Context context;
    Arena memory;
    BlockArrays arrays;
    MlpBlockParams<double> params;
    MlpBlockParams<double> grads;
    Matrix<double> input, output, doutput;
    MlpBlockSaved<double> saved;
};

TEST(MlpBlock, AddsProjectionOfGeluToItsInput) {
    MlpCase mlp;
    mlp.forward();
    HostMatrix const normed = reference_layernorm(host_matrix(mlp.input), host_of(mlp.params.norm));
    HostMatrix const active =
        reference_map(reference_linear(normed, host_matrix(mlp.params.fc)), reference_gelu);
    HostMatrix const expected = reference_sum(
        host_matrix(mlp.input), reference_linear(active, host_matrix(mlp.params.proj)));
    expect_equal(host_matrix(mlp.output), expected);
    mlp_block_forward(mlp.context, mlp.params, mlp.saved, mlp.input);
    expect_equal(host_matrix(mlp.input), expected);
}

TEST(MlpBlock, GradientsMatchNumericalDerivatives) {
    MlpCase mlp;
    mlp.forward();
    Matrix<double> const gradient = mlp.arrays.zero(5, 6);
    std::vector<double> const seed = host_of(mlp.doutput);
    copy_to_device(seed.data(), gradient.data(), 30);
    mlp_block_backward(mlp.context, mlp.params, mlp.saved, gradient, mlp.grads);
    auto const forward = [&] { return mlp.forward(); };
    expect_gradient(mlp.input, gradient, forward, "input");
    expect_gradient(mlp.params.norm, mlp.grads.norm, forward, "norm");
    expect_gradient(mlp.params.fc, mlp.grads.fc, forward, "fc");
    expect_gradient(mlp.params.proj, mlp.grads.proj, forward, "proj");
    EXPECT_EQ(mlp.context.scratch.mark(), 0);
    Arena counting;
    mlp_block_scratch<double>(6, 5, counting);
    EXPECT_EQ(mlp.context.scratch.high_water(), counting.high_water());
}

}  // namespace
}  // namespace dnagpt::testing
