#include "dnagpt/ops/layernorm.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "harness/device_array.hpp"
#include "harness/gradient_check.hpp"
#include "ops_check.hpp"

namespace dnagpt::testing {
namespace {

using Values = std::vector<double>;

/// What forward and backward leave, as doubles.
struct Results {
    Values output;
    Values dinput;
    Values dweight;
};

/// Runs both in T; `in_place` lets dinput be doutput, `before` is what dinput holds when added to.
template <class T>
Results run(Values const& input, Values const& weight, Values const& doutput, bool in_place = false,
            Values const& before = {}) {
    auto context = make_context();
    auto const columns = static_cast<std::int64_t>(weight.size());
    auto const rows = static_cast<std::int64_t>(input.size()) / columns;
    DeviceArray<T> const x(rounded<T>(input));
    DeviceArray<T> const w(rounded<T>(weight));
    DeviceArray<T> const dy(rounded<T>(doutput));
    DeviceArray<T> const separate(rounded<T>(before.empty() ? Values(input.size(), 77) : before));
    DeviceArray<T> const y(rows * columns);
    DeviceArray<accum_t<T>> const mean(rows);
    DeviceArray<accum_t<T>> const rstd(rows);
    DeviceArray<accum_t<T>> const dweight(columns);
    auto const& dx = in_place ? dy : separate;
    layernorm_forward(context, x.matrix(rows, columns), w.vector(), mean.vector(), rstd.vector(),
                      y.matrix(rows, columns));
    layernorm_backward(context, x.matrix(rows, columns), w.vector(), mean.vector(), rstd.vector(),
                       dy.matrix(rows, columns), dx.matrix(rows, columns), dweight.vector(),
                       before.empty() ? Write::assign : Write::add);
    EXPECT_EQ(context.scratch.mark(), 0);
    return {as_double(y.host()), as_double(dx.host()), as_double(dweight.host())};
}

/// Input far from mean 0, as in a residual stream.
struct Problem {
    Values input, weight, doutput;
    Problem(std::int64_t rows, std::int64_t columns)
        : input(random_values(rows * columns, 1, 2.0)),
          weight(random_values(columns, 2)),
          doutput(random_values(rows * columns, 3)) {
        for (double& value : input) {
            value += 0.5;
        }
    }
};

TEST(LayerNorm, OracleByHand) {
    // Row (1, 3): mean 2, variance 1, rstd 1 / sqrt(1 + 1e-5).
    auto const result = run<float>({1, 3}, {2, 0.5}, {1, 0});
    double const rstd = 1 / std::sqrt(1 + 1e-5);
    expect_all_near(result.output, {-2 * rstd, 0.5 * rstd}, 1e-6, "output");
    // g = (2, 0), mean 1; x = (-rstd, rstd), mean(g x) = -rstd.
    double const first = rstd * (2 - 1 - rstd * rstd);
    double const second = rstd * (0 - 1 + rstd * rstd);
    expect_all_near(result.dinput, {first, second}, 1e-6, "dinput");
    expect_all_near(result.dweight, {-rstd, 0}, 1e-6, "dweight");
}

TEST(LayerNorm, ConstantRowGivesZero) {
    auto const result = run<float>({5, 5, 5}, {1, 1, 1}, {1, 2, 3});
    expect_all_near(result.output, {0, 0, 0}, 0, "output");
}

TEST(LayerNorm, AddAndInPlaceGiveWhatAssignGives) {
    Problem const problem(37, 33);
    auto const assigned = run<double>(problem.input, problem.weight, problem.doutput);
    auto const in_place = run<double>(problem.input, problem.weight, problem.doutput, true);
    EXPECT_EQ(assigned.dinput, in_place.dinput);
    EXPECT_EQ(assigned.dweight, in_place.dweight);
    auto const before = random_values(37 * 33, 9);
    auto const added = run<double>(problem.input, problem.weight, problem.doutput, false, before);
    auto expected = assigned.dinput;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        expected[i] += before[i];
    }
    expect_all_near(added.dinput, expected, 1e-14, "dinput, added");
    EXPECT_EQ(assigned.dweight, added.dweight);
}

TEST(LayerNorm, GradientsElementByElement) {
    Problem const problem(3, 7);
    auto const result = run<double>(problem.input, problem.weight, problem.doutput);
    auto const loss_of_input = [&](Values const& input) {
        return dot(run<double>(input, problem.weight, problem.doutput).output, problem.doutput);
    };
    auto const loss_of_weight = [&](Values const& weight) {
        return dot(run<double>(problem.input, weight, problem.doutput).output, problem.doutput);
    };
    expect_each_derivative_matches(loss_of_input, problem.input, result.dinput, "input");
    expect_each_derivative_matches(loss_of_weight, problem.weight, result.dweight, "weight");
    expect_gradient_matches(loss_of_input, problem.input, result.dinput, "input");
}

template <class T>
void expect_near_double(std::int64_t rows, std::int64_t columns) {
    Problem problem(rows, columns);
    problem.input = as_double(rounded<T>(problem.input));
    problem.weight = as_double(rounded<T>(problem.weight));
    problem.doutput = as_double(rounded<T>(problem.doutput));
    auto const exact = run<double>(problem.input, problem.weight, problem.doutput);
    auto const result = run<T>(problem.input, problem.weight, problem.doutput);
    // A row is scaled by rstd, which its own elements' errors are multiplied by too; with few
    // columns rstd is large where a row's elements happen to be close together.
    auto const depth = static_cast<double>(columns);
    double const spread = columns < 8 ? 1 / std::sqrt(layernorm_epsilon) : 4;
    expect_all_near(result.output, exact.output,
                    spread * tolerance<T>(largest_magnitude(exact.output), depth), "output");
    expect_all_near(
        result.dinput, exact.dinput,
        spread * tolerance<T>(largest_magnitude(exact.dinput) + largest_magnitude(problem.doutput),
                              2 * depth),
        "dinput");
    double const row_sum = std::sqrt(static_cast<double>(rows)) * largest_magnitude(exact.output) *
                           largest_magnitude(problem.doutput);
    expect_all_near(result.dweight, exact.dweight,
                    spread * tolerance<accum_t<T>>(row_sum, depth + static_cast<double>(rows)),
                    "dweight");
}

TEST(LayerNorm, FloatNearDouble) {
    for (std::int64_t const columns : {31, 33, 64, 768, 1025}) {
        expect_near_double<float>(19, columns);
    }
    expect_near_double<float>(4100, 16);
    expect_near_double<float>(3, 9216);
}

TEST(LayerNorm, Bf16NearDouble) {
    for (std::int64_t const columns : {31, 33, 64, 768, 1025}) {
        expect_near_double<bf16>(19, columns);
    }
}

TEST(LayerNorm, OneColumnIsZero) {
    auto const result = run<float>({3, -2}, {2}, {1, 1});
    expect_all_near(result.output, {0, 0}, 0, "output");
    expect_all_near(result.dinput, {0, 0}, 0, "dinput");
}

TEST(LayerNorm, ScratchFunctionCountsWhatBackwardTakes) {
    Arena counting;
    layernorm_scratch<float>(4100, 16, counting);
    Problem const problem(4100, 16);
    Context context = make_context();
    DeviceArray<float> const x(rounded<float>(problem.input));
    DeviceArray<float> const w(rounded<float>(problem.weight));
    DeviceArray<float> const statistics(4100);
    DeviceArray<float> const dweight(16);
    layernorm_backward(context, x.matrix(4100, 16), w.vector(), statistics.vector(),
                       statistics.vector(), x.matrix(4100, 16), x.matrix(4100, 16),
                       dweight.vector(), Write::assign);
    EXPECT_EQ(counting.high_water(), context.scratch.high_water());
    EXPECT_GT(counting.high_water(), 0);
}

TEST(LayerNorm, RefusesToAddInPlace) {
    Context context = make_context();
    DeviceArray<float> const x(4);
    DeviceArray<float> const w(2);
    EXPECT_THROW(layernorm_backward(context, x.matrix(2, 2), w.vector(), w.vector(), w.vector(),
                                    x.matrix(2, 2), x.matrix(2, 2), w.vector(), Write::add),
                 Error);
}

}  // namespace
}  // namespace dnagpt::testing
