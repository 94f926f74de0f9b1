#include "dnagpt/ops/cross_entropy.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "harness/device_array.hpp"
#include "harness/gradient_check.hpp"
#include "ops_check.hpp"

namespace dnagpt::testing {
namespace {

using Values = std::vector<double>;
using Targets = std::vector<std::int32_t>;

struct Results {
    Values loss;
    Values gradient;
    Values loss_alone;
};

/// Both functions in T on the same logits.
template <class T>
Results run(Values const& logits, Targets const& targets, std::vector<float> const& scale) {
    auto context = make_context();
    auto const rows = static_cast<std::int64_t>(targets.size());
    auto const columns = static_cast<std::int64_t>(logits.size()) / rows;
    DeviceArray<T> const values(rounded<T>(logits));
    DeviceArray<std::int32_t> const ids(targets);
    DeviceArray<float> const scales(scale);
    DeviceArray<double> const loss(std::vector<double>(targets.size(), 99));
    DeviceArray<double> const loss_alone(std::vector<double>(targets.size(), 99));
    cross_entropy_forward(context, values.matrix(rows, columns), ids.vector(), loss_alone.vector());
    cross_entropy_forward_backward(context, values.matrix(rows, columns), columns, ids.vector(),
                                   scales.vector(), loss.vector());
    return {loss.host(), as_double(values.host()), loss_alone.host()};
}

/// Targets over the whole row, its first and last column too; every fifth row masked.
Targets some_targets(std::int64_t rows, std::int64_t columns) {
    Targets targets;
    for (std::int64_t r = 0; r < rows; ++r) {
        std::int64_t const column = r == 0 ? 0 : (r == 1 ? columns - 1 : r * 7 % columns);
        targets.push_back(r % 5 == 4 ? -1 : static_cast<std::int32_t>(column));
    }
    return targets;
}

TEST(CrossEntropy, OracleByHand) {
    // Equal logits: log 2 and (1/2 - 1, 1/2); logits (log 3, 0): shares (3/4, 1/4).
    auto const result = run<float>({7, 7, std::log(3.0), 0}, {0, 1}, {1, 0.5F});
    expect_all_near(result.loss, {std::log(2.0), std::log(4.0)}, 1e-6, "loss");
    expect_all_near(result.gradient, {-0.5, 0.5, 0.375, -0.375}, 1e-6, "gradient");
    EXPECT_EQ(result.loss, result.loss_alone);
}

TEST(CrossEntropy, LargeLogitsDoNotOverflow) {
    auto const result = run<float>({1e6, 0, -1e6, 1e6, 0, -1e6}, {0, 1}, {1, 1});
    expect_all_near(result.loss, {0, 1e6}, 1e-6, "loss");
    expect_all_near(result.gradient, {0, 0, 0, 1, -1, 0}, 1e-6, "gradient");
}

TEST(CrossEntropy, OneColumnHasNoLoss) {
    auto const result = run<float>({3, -4}, {0, 0}, {1, 1});
    expect_all_near(result.loss, {0, 0}, 0, "loss");
    expect_all_near(result.gradient, {0, 0}, 0, "gradient");
}

TEST(CrossEntropy, ForwardOnlyReadsTheLogits) {
    auto context = make_context();
    auto const logits = rounded<float>(random_values(2 * 33, 1));
    DeviceArray<float> const values(logits);
    DeviceArray<std::int32_t> const targets(Targets{3, -1});
    DeviceArray<double> const loss(2);
    cross_entropy_forward(context, values.matrix(2, 33), targets.vector(), loss.vector());
    EXPECT_EQ(values.host(), logits);
}

TEST(CrossEntropy, WhatStandsBehindARowIsLeftAlone) {
    constexpr std::int64_t columns = 37;
    constexpr std::int64_t stride = 48;
    Targets const targets = some_targets(6, columns);
    auto const scale = std::vector<float>(targets.size(), 0.5F);
    auto const packed = random_values(6 * columns, 4, 2);
    Values with_gaps(6 * stride, 1e30);
    for (std::size_t r = 0; r < targets.size(); ++r) {
        std::copy_n(packed.begin() + static_cast<std::ptrdiff_t>(r * columns), columns,
                    with_gaps.begin() + static_cast<std::ptrdiff_t>(r * stride));
    }
    auto const result = run<float>(packed, targets, scale);
    auto context = make_context();
    DeviceArray<float> const values(rounded<float>(with_gaps));
    DeviceArray<std::int32_t> const ids(targets);
    DeviceArray<float> const scales(scale);
    DeviceArray<double> const loss(6);
    cross_entropy_forward_backward(context, values.matrix(6, stride), columns, ids.vector(),
                                   scales.vector(), loss.vector());
    auto const after = values.host();
    expect_all_near(loss.host(), as_double(result.loss), 1e-5, "loss");
    for (std::size_t r = 0; r < targets.size(); ++r) {
        for (std::size_t c = 0; c < stride; ++c) {
            double const expected = c < columns ? result.gradient[r * columns + c] : 1e30F;
            ASSERT_NEAR(after[r * stride + c], expected, 1e-6) << "row " << r << " column " << c;
        }
    }
}

TEST(CrossEntropy, MaskedRowsHaveNeitherLossNorGradient) {
    auto const result = run<bf16>(random_values(3 * 33, 1), {-1, -100, -1}, {1, 1, 1});
    expect_all_near(result.loss, {0, 0, 0}, 0, "loss");
    expect_all_near(result.loss_alone, {0, 0, 0}, 0, "loss alone");
    expect_all_near(result.gradient, Values(3 * 33, 0), 0, "gradient");
}

TEST(CrossEntropy, GradientElementByElement) {
    constexpr std::int64_t rows = 6;
    constexpr std::int64_t columns = 9;
    auto const targets = some_targets(rows, columns);
    std::vector<float> const scale{1, 0.25F, 2, 0.5F, 1, 3};
    auto const logits = random_values(rows * columns, 2, 2);
    auto const loss_at = [&](Values const& point) {
        auto const loss = run<double>(point, targets, scale).loss;
        double sum = 0;
        for (std::size_t r = 0; r < loss.size(); ++r) {
            sum += scale[r] * loss[r];
        }
        return sum;
    };
    expect_each_derivative_matches(loss_at, logits, run<double>(logits, targets, scale).gradient,
                                   "logits");
}

template <class T>
void expect_near_double(std::int64_t columns) {
    constexpr std::int64_t rows = 17;
    auto const targets = some_targets(rows, columns);
    std::vector<float> const scale(rows, 0.5F);
    auto const logits = as_double(rounded<T>(random_values(rows * columns, 3, 3)));
    auto const exact = run<double>(logits, targets, scale);
    auto const result = run<T>(logits, targets, scale);
    auto const depth = static_cast<double>(columns);
    double const logit = largest_magnitude(logits);
    // The loss is stored as double: only the sum's error and the polynomial's (2^-22) count.
    double const loss_bound =
        (depth + 8) * unit_roundoff<accum_t<T>>() + 0x1.0p-22 + logit * 0x1.0p-23;
    expect_all_near(result.loss, exact.loss, loss_bound, "loss");
    expect_all_near(result.gradient, exact.gradient, tolerance<T>(0.5, depth) + 0.5 * loss_bound,
                    "gradient");
    EXPECT_EQ(result.loss, result.loss_alone);
}

TEST(CrossEntropy, FloatNearDouble) {
    for (std::int64_t const columns : {2, 31, 33, 64, 1025, 9000}) {
        expect_near_double<float>(columns);
    }
}

TEST(CrossEntropy, Bf16NearDouble) {
    for (std::int64_t const columns : {2, 31, 33, 64, 1025, 9000}) {
        expect_near_double<bf16>(columns);
    }
}

TEST(CrossEntropy, RowOfNansHasANonFiniteLoss) {
    double const nan = std::numeric_limits<double>::quiet_NaN();
    auto const result = run<float>(Values(33, nan), {4}, {1});
    EXPECT_FALSE(std::isfinite(result.loss[0]));
    EXPECT_FALSE(std::isfinite(result.loss_alone[0]));
}

TEST(CrossEntropy, InfiniteLogitHasANonFiniteLoss) {
    Values logits(33, 0.5);
    logits[7] = std::numeric_limits<double>::infinity();
    EXPECT_FALSE(std::isfinite(run<float>(logits, {4}, {1}).loss[0]));
}

}  // namespace
}  // namespace dnagpt::testing
