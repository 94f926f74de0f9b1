#include "dnagpt/ops/squared_error.hpp"

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

struct Results {
    Values loss;
    Values gradient;
};

template <class T>
Results run(Values const& predicted, std::vector<float> const& target, float scale) {
    auto context = make_context();
    auto const count = static_cast<std::int64_t>(predicted.size());
    DeviceArray<T> const values(rounded<T>(predicted));
    DeviceArray<float> const targets(target);
    DeviceArray<double> const loss(count);
    DeviceArray<T> const gradient(count);
    squared_error_forward_backward(context, values.vector(), targets.vector(), scale, loss.vector(),
                                   gradient.vector());
    return {loss.host(), as_double(gradient.host())};
}

TEST(SquaredError, OracleByHand) {
    auto const result = run<float>({1.5, -2, 3}, {1, -4, 3}, 0.25F);
    expect_all_near(result.loss, {0.25, 4, 0}, 0, "loss");
    expect_all_near(result.gradient, {0.25, 1, 0}, 0, "gradient");
}

TEST(SquaredError, GradientElementByElement) {
    auto const predicted = random_values(9, 1);
    auto const target = rounded<float>(random_values(9, 2));
    auto const loss_at = [&](Values const& point) {
        double sum = 0;
        for (double const loss : run<double>(point, target, 0.5F).loss) {
            sum += 0.5 * loss;
        }
        return sum;
    };
    expect_each_derivative_matches(loss_at, predicted,
                                   run<double>(predicted, target, 0.5F).gradient, "predicted");
}

template <class T>
void expect_near_double(std::int64_t count) {
    auto const predicted = as_double(rounded<T>(random_values(count, 3)));
    auto const target = rounded<float>(random_values(count, 4));
    auto const exact = run<double>(predicted, target, 0.3F);
    auto const result = run<T>(predicted, target, 0.3F);
    double const error = largest_magnitude(exact.gradient) / 0.6;
    expect_all_near(result.loss, exact.loss, tolerance<accum_t<T>>(error * error, 1), "loss");
    expect_all_near(result.gradient, exact.gradient, tolerance<T>(error, 1), "gradient");
}

TEST(SquaredError, NarrowTypesNearDouble) {
    for (std::int64_t const count : {1, 31, 33, 1025, 5000}) {
        expect_near_double<float>(count);
        expect_near_double<bf16>(count);
    }
}

TEST(SquaredError, NoRowsIsNoWork) {
    EXPECT_TRUE(run<float>({}, {}, 1).loss.empty());
}

}  // namespace
}  // namespace dnagpt::testing
