#include "dnagpt/ops/attention.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "harness/device_array.hpp"
#include "harness/gradient_check.hpp"

namespace dnagpt {
namespace {

using testing::DeviceArray;
using testing::random_values;

template <class To, class From>
std::vector<To> converted(std::vector<From> const& values) {
    std::vector<To> result;
    for (From const value : values) {
        result.push_back(To(static_cast<accum_t<To>>(value)));
    }
    return result;
}

struct Sizes {
    std::int64_t rows, channels, statistics;

    explicit Sizes(AttentionShape const& shape)
        : rows(shape.batch * shape.context_length),
          channels(shape.heads * shape.head_dimension),
          statistics(rows * shape.heads) {}
};

template <class T>
std::int64_t scratch_bytes(AttentionShape const& shape) {
    Arena counter;
    attention_scratch<T>(shape, counter);
    return counter.high_water();
}

struct Result {
    std::vector<double> output, log_sum_exp, dqkv;
};

/// Forward and backward in T; dqkv is the gradient of sum(output doutput).
template <class T>
Result run(AttentionShape const& shape, std::vector<double> const& qkv,
           std::vector<double> const& doutput) {
    using A = accum_t<T>;
    Sizes const sizes(shape);
    Context context{{}, {}, Arena(scratch_bytes<T>(shape))};
    DeviceArray<T> const inputs(converted<T>(qkv));
    DeviceArray<T> const doutputs(converted<T>(doutput));
    DeviceArray<T> const output(sizes.rows * sizes.channels);
    DeviceArray<T> const dinputs(sizes.rows * 3 * sizes.channels);
    DeviceArray<A> const log_sum_exp(sizes.statistics);
    auto const wide = [&](auto const& array) {
        return array.matrix(sizes.rows, 3 * sizes.channels);
    };
    auto const narrow = [&](auto const& array) { return array.matrix(sizes.rows, sizes.channels); };
    attention_forward<T>(context, shape, wide(inputs), narrow(output), log_sum_exp.vector());
    attention_backward<T>(context, shape, wide(inputs), narrow(output), log_sum_exp.vector(),
                          narrow(doutputs), wide(dinputs));
    return {converted<double>(output.host()), converted<double>(log_sum_exp.host()),
            converted<double>(dinputs.host())};
}

/// One query of one head by the definition, in double.
class NaiveRow {
  public:
    NaiveRow(AttentionShape const& shape, std::vector<double> const& qkv, std::int64_t sequence,
             std::int64_t head, std::int64_t query)
        : shape_(shape), qkv_(qkv), sequence_(sequence), head_(head) {
        double const scale = 1 / std::sqrt(static_cast<double>(shape.head_dimension));
        double sum = 0;
        for (std::int64_t key = 0; key <= query; ++key) {
            double score = 0;
            for (std::int64_t d = 0; d < shape.head_dimension; ++d) {
                score += at(query, 0, d) * at(key, 1, d);
            }
            weights_.push_back(std::exp(scale * score));
            sum += weights_.back();
        }
        log_sum_exp_ = std::log(sum);
        for (double& weight : weights_) {
            weight /= sum;
        }
    }
    double log_sum_exp() const { return log_sum_exp_; }
    double output(std::int64_t d) const {
        double sum = 0;
        for (std::size_t key = 0; key < weights_.size(); ++key) {
            sum += weights_[key] * at(static_cast<std::int64_t>(key), 2, d);
        }
        return sum;
    }

  private:
    double at(std::int64_t position, std::int64_t part, std::int64_t d) const {
        std::int64_t const row = sequence_ * shape_.context_length + position;
        std::int64_t const column = (part * shape_.heads + head_) * shape_.head_dimension + d;
        return qkv_[static_cast<std::size_t>(row * 3 * shape_.heads * shape_.head_dimension +
                                             column)];
    }

    AttentionShape const& shape_;
    std::vector<double> const& qkv_;
    std::int64_t sequence_, head_;
    std::vector<double> weights_;
    double log_sum_exp_ = 0;
};

/// Calls check(naive row, place in log_sum_exp, place of the head's first output).
template <class Check>
void for_each_row(AttentionShape const& shape, std::vector<double> const& qkv, Check const& check) {
    std::int64_t const length = shape.context_length;
    for (std::int64_t sequence = 0; sequence < shape.batch; ++sequence) {
        for (std::int64_t head = 0; head < shape.heads; ++head) {
            for (std::int64_t query = 0; query < length; ++query) {
                std::int64_t const row = sequence * length + query;
                check(NaiveRow(shape, qkv, sequence, head, query),
                      static_cast<std::size_t>((sequence * shape.heads + head) * length + query),
                      static_cast<std::size_t>((row * shape.heads + head) * shape.head_dimension));
            }
        }
    }
}

std::vector<AttentionShape> const shapes = {{2, 1, 2, 8},    {1, 5, 3, 32},   {2, 130, 5, 8},
                                            {1, 128, 1, 64}, {2, 300, 1, 32}, {1, 260, 5, 64}};

std::vector<double> random_qkv(AttentionShape const& shape) {
    Sizes const sizes(shape);
    return random_values(sizes.rows * 3 * sizes.channels, 1);
}
std::vector<double> random_doutput(AttentionShape const& shape) {
    Sizes const sizes(shape);
    return random_values(sizes.rows * sizes.channels, 2);
}

double largest(std::vector<double> const& values) {
    double result = 0;
    for (double const value : values) {
        result = std::max(result, std::abs(value));
    }
    return result;
}

void expect_near(std::vector<double> const& actual, std::vector<double> const& expected,
                 double tolerance, std::string const& what) {
    ASSERT_EQ(actual.size(), expected.size()) << what;
    for (std::size_t i = 0; i < actual.size(); ++i) {
        ASSERT_NEAR(actual[i], expected[i], tolerance) << what << " " << i;
    }
}

/// q = k = 0 at position 0; q . k / sqrt(D) = ln 3 between position 1 and itself, 0 to position 0:
/// weights 1/4 and 3/4 there.
TEST(Attention, TwoPositionsByHand) {
    AttentionShape const shape{1, 2, 1, 4};
    auto const log3 = static_cast<float>(std::log(3.0));
    std::vector<double> const qkv = {0, 0, 0, 0, 0,    0, 0, 0, 4, 0, 8, 1,
                                     2, 0, 0, 0, log3, 0, 0, 0, 8, 4, 0, 1};
    auto const result = run<float>(shape, qkv, {0, 0, 0, 0, 4, 0, 0, 0});
    expect_near(result.output, {4, 0, 8, 1, 7, 3, 2, 1}, 1e-5, "output");
    expect_near(result.log_sum_exp, {0, std::log(4.0)}, 1e-6, "log sum exp");
    // dP = (16, 32), P = (1/4, 3/4), D = 28: dS = (-3, 3) / 2 after the scale 1/sqrt(4).
    std::vector<double> const dqkv = {0,          0, 0, 0, -3, 0, 0, 0, 1, 0, 0, 0,
                                      1.5 * log3, 0, 0, 0, 3,  0, 0, 0, 3, 0, 0, 0};
    expect_near(result.dqkv, dqkv, 1e-4, "gradient");
}

/// Both sums have at most T + D terms, exp's argument is wrong by its own rounding times its size,
/// fast_exp by 2^-22.
TEST(Attention, FloatAgreesWithTheDefinition) {
    for (AttentionShape const& shape : shapes) {
        auto const qkv = converted<double>(converted<float>(random_qkv(shape)));
        auto const result = run<float>(shape, qkv, random_doutput(shape));
        auto const terms = static_cast<double>(shape.context_length + 4 * shape.head_dimension);
        double const tolerance = largest(qkv) * (terms * unit_roundoff<float>() + 0x1.0p-20);
        for_each_row(shape, qkv,
                     [&](NaiveRow const& row, std::size_t statistic, std::size_t first) {
                         ASSERT_NEAR(result.log_sum_exp[statistic], row.log_sum_exp(), tolerance);
                         for (std::int64_t d = 0; d < shape.head_dimension; ++d) {
                             ASSERT_NEAR(result.output[first + static_cast<std::size_t>(d)],
                                         row.output(d), tolerance)
                                 << "T " << shape.context_length << " statistic " << statistic;
                         }
                     });
    }
}

/// Probabilities and output are rounded once each; what stands under them is float.
TEST(Attention, Bf16AgreesWithTheDefinition) {
    for (AttentionShape const& shape : shapes) {
        auto const qkv = converted<double>(converted<bf16>(random_qkv(shape)));
        auto const result = run<bf16>(shape, qkv, random_doutput(shape));
        double const tolerance = 2.5 * largest(qkv) * unit_roundoff<bf16>();
        for_each_row(shape, qkv,
                     [&](NaiveRow const& row, std::size_t statistic, std::size_t first) {
                         ASSERT_NEAR(result.log_sum_exp[statistic], row.log_sum_exp(), 1e-4);
                         for (std::int64_t d = 0; d < shape.head_dimension; ++d) {
                             ASSERT_NEAR(result.output[first + static_cast<std::size_t>(d)],
                                         row.output(d), tolerance)
                                 << "T " << shape.context_length << " statistic " << statistic;
                         }
                     });
    }
}

TEST(Attention, LaterPositionsLeaveEarlierOutputsBitIdentical) {
    AttentionShape const shape{1, 300, 3, 32};
    Sizes const sizes(shape);
    auto qkv = random_qkv(shape);
    auto const doutput = random_doutput(shape);
    auto const before = run<float>(shape, qkv, doutput);
    std::int64_t const changed = 137;
    auto const first = static_cast<std::size_t>(changed * 3 * sizes.channels);
    for (std::size_t i = first; i < qkv.size(); ++i) {
        qkv[i] = 30 - qkv[i];
    }
    auto const after = run<float>(shape, qkv, doutput);
    auto const kept = static_cast<std::ptrdiff_t>(changed * sizes.channels);
    EXPECT_TRUE(
        std::equal(before.output.begin(), before.output.begin() + kept, after.output.begin()));
    EXPECT_NE(before.output.back(), after.output.back());
}

TEST(Attention, LargeScoresStayFinite) {
    AttentionShape const shape{1, 200, 1, 8};
    auto qkv = random_qkv(shape);
    for (double& value : qkv) {
        value *= 100;
    }
    auto const result = run<float>(shape, qkv, random_doutput(shape));
    EXPECT_LE(largest(result.output), largest(qkv) * 1.0001);
    EXPECT_LT(largest(result.dqkv), 1e7);
}

TEST(Attention, RefusesArraysOfOtherShapes) {
    AttentionShape const shape{1, 4, 2, 8};
    Context context{{}, {}, Arena(scratch_bytes<float>(shape))};
    DeviceArray<float> const array(4 * 48);
    EXPECT_THROW(attention_forward<float>(context, shape, array.matrix(4, 48), array.matrix(4, 8),
                                          array.vector()),
                 Error);
}

#if defined(DNAGPT_HAVE_DOUBLE)
/// sum(output doutput), without the backward pass.
double loss_at(AttentionShape const& shape, std::vector<double> const& qkv,
               std::vector<double> const& doutput) {
    Sizes const sizes(shape);
    Context context{{}, {}, Arena(scratch_bytes<double>(shape))};
    DeviceArray<double> const inputs(qkv);
    DeviceArray<double> const output(sizes.rows * sizes.channels);
    DeviceArray<double> const log_sum_exp(sizes.statistics);
    attention_forward<double>(context, shape, inputs.matrix(sizes.rows, 3 * sizes.channels),
                              output.matrix(sizes.rows, sizes.channels), log_sum_exp.vector());
    return testing::dot(output.host(), doutput);
}

TEST(Attention, DoubleAgreesWithTheDefinition) {
    for (AttentionShape const& shape : shapes) {
        auto const qkv = random_qkv(shape);
        auto const result = run<double>(shape, qkv, random_doutput(shape));
        for_each_row(shape, qkv,
                     [&](NaiveRow const& row, std::size_t statistic, std::size_t first) {
                         ASSERT_NEAR(result.log_sum_exp[statistic], row.log_sum_exp(), 1e-12);
                         for (std::int64_t d = 0; d < shape.head_dimension; ++d) {
                             ASSERT_NEAR(result.output[first + static_cast<std::size_t>(d)],
                                         row.output(d), 1e-12);
                         }
                     });
    }
}

TEST(Attention, GradientMatchesAlongRandomDirections) {
    for (AttentionShape const& shape : shapes) {
        auto const qkv = random_qkv(shape);
        auto const doutput = random_doutput(shape);
        testing::expect_gradient_matches(
            [&](std::vector<double> const& moved) { return loss_at(shape, moved, doutput); }, qkv,
            run<double>(shape, qkv, doutput).dqkv, "T " + std::to_string(shape.context_length));
    }
}

TEST(Attention, EachDerivativeMatches) {
    AttentionShape const shape{2, 3, 2, 4};
    auto const qkv = random_qkv(shape);
    auto const doutput = random_doutput(shape);
    testing::expect_each_derivative_matches(
        [&](std::vector<double> const& moved) { return loss_at(shape, moved, doutput); }, qkv,
        run<double>(shape, qkv, doutput).dqkv, "qkv");
}

/// dS = P (dP - D) carries the rounding of P and dP: T and D terms, each as large as the largest
/// weight times the largest operands.
template <class T>
void expect_backward_near_double(double roundoff_units) {
    for (AttentionShape const& shape : shapes) {
        auto const qkv = converted<double>(converted<T>(random_qkv(shape)));
        auto const doutput = converted<double>(converted<T>(random_doutput(shape)));
        auto const exact = run<double>(shape, qkv, doutput);
        double const tolerance = roundoff_units * unit_roundoff<T>() * largest(exact.dqkv);
        expect_near(run<T>(shape, qkv, doutput).dqkv, exact.dqkv, tolerance,
                    "T " + std::to_string(shape.context_length) + " gradient");
    }
}

/// Sums of up to T + D terms, and the rounding of exp.
TEST(Attention, FloatGradientIsNearDouble) {
    expect_backward_near_double<float>(300 + 64);
}

/// Five roundings on the way (output, P, dS, dO O, result), each at most of the largest size.
TEST(Attention, Bf16GradientIsNearDouble) {
    expect_backward_near_double<bf16>(5);
}
#endif

}  // namespace
}  // namespace dnagpt
