#include "dnagpt/model/number_embedding.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "model/block_arrays.hpp"

namespace dnagpt::testing {
namespace {

/// More numbers than are embedded at once (1,024), every second position.
struct NumberCase {
    NumberCase()
        : context{{}, {}, Arena(scratch_bytes())},
          arrays(7),
          params{arrays.random(channels, 1), arrays.random_vector(channels),
                 arrays.random(channels, channels)},
          grads{arrays.zero(channels, 1), arrays.zero_vector(channels),
                arrays.zero(channels, channels)},
          numbers(host_numbers()),
          positions(host_positions()) {}

    static std::int64_t scratch_bytes() {
        Arena counting;
        number_embedding_scratch<double>(channels, counting);
        return counting.high_water();
    }
    static std::vector<float> host_numbers() {
        std::vector<float> values;
        for (std::int64_t i = 0; i < count; ++i) {
            values.push_back(static_cast<float>(i % 17) / 8 - 1);
        }
        return values;
    }
    static std::vector<std::int32_t> host_positions() {
        std::vector<std::int32_t> values;
        for (std::int64_t i = 0; i < count; ++i) {
            values.push_back(static_cast<std::int32_t>(2 * i + 1));
        }
        return values;
    }

    static constexpr std::int64_t channels = 4;
    static constexpr std::int64_t count = 1500;
    Context context;
    BlockArrays arrays;
    HeadParams<double> params;
    HeadParams<double> grads;
    DeviceArray<float> numbers;
    DeviceArray<std::int32_t> positions;
};

TEST(NumberEmbedding, IsAddedAtItsPositionsOnly) {
    NumberCase embedding;
    Matrix<double> const hidden = embedding.arrays.random(2 * NumberCase::count, 4);
    HostMatrix const before = host_matrix(hidden);
    number_embedding_forward(embedding.context, embedding.params, embedding.numbers.vector(),
                             embedding.positions.vector(), hidden);
    HostMatrix input = zeros(NumberCase::count, 1);
    for (std::size_t i = 0; i < input.rows; ++i) {
        input.values[i] = static_cast<double>(NumberCase::host_numbers()[i]);
    }
    HostMatrix const normed = reference_layernorm(
        reference_map(reference_linear(input, host_matrix(embedding.params.dense)), reference_silu),
        host_of(embedding.params.norm));
    HostMatrix const embedded = reference_linear(normed, host_matrix(embedding.params.output));
    HostMatrix expected = before;
    for (std::size_t i = 0; i < embedded.rows; ++i) {
        for (std::size_t c = 0; c < embedded.columns; ++c) {
            expected.at(2 * i + 1, c) += embedded.at(i, c);
        }
    }
    expect_equal(host_matrix(hidden), expected);
}

TEST(NumberEmbedding, GradientsMatchNumericalDerivatives) {
    NumberCase embedding;
    Matrix<double> const hidden = embedding.arrays.zero(2 * NumberCase::count, 4);
    Matrix<double> const dhidden = embedding.arrays.random(2 * NumberCase::count, 4);
    std::vector<double> const seed = host_of(dhidden);
    std::vector<double> const nothing(seed.size(), 0.0);
    number_embedding_backward(embedding.context, embedding.params, embedding.numbers.vector(),
                              embedding.positions.vector(), dhidden, embedding.grads);
    EXPECT_EQ(host_of(dhidden), seed);
    auto const forward = [&] {
        copy_to_device(nothing.data(), hidden.data(), static_cast<std::int64_t>(nothing.size()));
        number_embedding_forward(embedding.context, embedding.params, embedding.numbers.vector(),
                                 embedding.positions.vector(), hidden);
        return dot(host_of(hidden), seed);
    };
    expect_gradient(embedding.params.dense, embedding.grads.dense, forward, "dense");
    expect_gradient(embedding.params.norm, embedding.grads.norm, forward, "norm");
    expect_gradient(embedding.params.output, embedding.grads.output, forward, "output");
}

}  // namespace
}  // namespace dnagpt::testing
