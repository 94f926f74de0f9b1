#include "dnagpt/model/attention_block.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "model/block_arrays.hpp"

namespace dnagpt::testing {
namespace {

constexpr ModelShape model_shape{1, 2, 6, 4, 10};
constexpr AttentionShape shape{2, 4, 2, 3};

struct AttentionCase {
    AttentionCase()
        : context{{}, {}, Arena(8 << 20)},
          memory(1 << 20),
          arrays(7),
          params{arrays.random_vector(6), arrays.random(18, 6, 0.5), arrays.random(6, 6, 0.5)},
          grads{arrays.zero_vector(6), arrays.zero(18, 6), arrays.zero(6, 6)},
          input(arrays.random(8, 6)),
          output(arrays.zero(8, 6)),
          doutput(arrays.random(8, 6)),
          saved(layout_attention_block_saved<double>(model_shape, 12, memory)) {
        saved.input = input;
    }

    double forward() {
        attention_block_forward(context, params, shape, saved, output);
        return dot(host_of(output), host_of(doutput));
    }

    Context context;
    Arena memory;
    BlockArrays arrays;
    AttentionBlockParams<double> params;
    AttentionBlockParams<double> grads;
    Matrix<double> input, output, doutput;
    AttentionBlockSaved<double> saved;
};

/// Adds head `h` of the output of query row `q`, whose sequence begins at row `first`.
void add_attended(HostMatrix const& qkv, std::size_t first, std::size_t q, std::size_t h,
                  HostMatrix& output) {
    constexpr std::size_t c = 6;
    constexpr std::size_t d = 3;
    std::vector<double> weights;
    double sum = 0;
    for (std::size_t k = first; k <= q; ++k) {
        double score = 0;
        for (std::size_t i = 0; i < d; ++i) {
            score += qkv.at(q, h * d + i) * qkv.at(k, c + h * d + i);
        }
        weights.push_back(std::exp(score / std::sqrt(3.0)));
        sum += weights.back();
    }
    for (std::size_t k = first; k <= q; ++k) {
        for (std::size_t i = 0; i < d; ++i) {
            output.at(q, h * d + i) += weights[k - first] / sum * qkv.at(k, 2 * c + h * d + i);
        }
    }
}

TEST(AttentionBlock, AddsProjectionOfCausalAttentionToItsInput) {
    AttentionCase block;
    block.forward();
    HostMatrix const normed =
        reference_layernorm(host_matrix(block.input), host_of(block.params.norm));
    HostMatrix const qkv = reference_linear(normed, host_matrix(block.params.qkv));
    HostMatrix attended = zeros(8, 6);
    for (std::size_t q = 0; q < 8; ++q) {
        for (std::size_t h = 0; h < 2; ++h) {
            add_attended(qkv, q / 4 * 4, q, h, attended);
        }
    }
    HostMatrix const expected = reference_sum(
        host_matrix(block.input), reference_linear(attended, host_matrix(block.params.proj)));
    expect_equal(host_matrix(block.output), expected);
    attention_block_forward(block.context, block.params, shape, block.saved, block.input);
    expect_equal(host_matrix(block.input), expected);
}

TEST(AttentionBlock, GradientsMatchNumericalDerivatives) {
    AttentionCase block;
    block.forward();
    Matrix<double> const gradient = block.arrays.zero(8, 6);
    std::vector<double> const seed = host_of(block.doutput);
    copy_to_device(seed.data(), gradient.data(), 48);
    attention_block_backward(block.context, block.params, shape, block.saved, gradient,
                             block.grads);
    auto const forward = [&] { return block.forward(); };
    expect_gradient(block.input, gradient, forward, "input");
    expect_gradient(block.params.norm, block.grads.norm, forward, "norm");
    expect_gradient(block.params.qkv, block.grads.qkv, forward, "qkv");
    expect_gradient(block.params.proj, block.grads.proj, forward, "proj");
    EXPECT_EQ(block.context.scratch.mark(), 0);
    Arena counting;
    attention_block_scratch<double>(shape, counting);
    EXPECT_LE(block.context.scratch.high_water(), counting.high_water());
}

}  // namespace
}  // namespace dnagpt::testing
