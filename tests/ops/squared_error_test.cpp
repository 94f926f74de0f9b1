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
Results run(Values const& predicted, std::vector<float> const& target,
            std::vector<float> const& scale) {
    auto context = make_context();
    auto const count = static_cast<std::int64_t>(predicted.size());
    DeviceArray<float> const scales(scale);
    DeviceArray<T> const values(rounded<T>(predicted));
    DeviceArray<float> const targets(target);
    DeviceArray<double> const loss(count);
    DeviceArray<T> const gradient(count);
    squared_error_forward_backward(context, values.vector(), targets.vector(), scales.vector(),
                                   loss.vector(), gradient.vector());
    return {loss.host(), as_double(gradient.host())};
}

TEST(SquaredError, OracleByHand) {
    auto const result = run<float>({1.5, -2, 3}, {1, -4, 3}, {0.25F, 2, 1});
    expect_all_near(result.loss, {0.25, 4, 0}, 0, "loss");
    expect_all_near(result.gradient, {0.25, 8, 0}, 0, "gradient");
}

TEST(SquaredError, GradientElementByElement) {
    auto const predicted = random_values(9, 1);
    auto const target = rounded<float>(random_values(9, 2));
    auto const scale = rounded<float>(random_values(9, 5));
    auto const loss_at = [&](Values const& point) {
        Values const losses = run<double>(point, target, scale).loss;
        double sum = 0;
        for (std::size_t i = 0; i < losses.size(); ++i) {
            sum += static_cast<double>(scale[i]) * losses[i];
        }
        return sum;
    };
    expect_each_derivative_matches(loss_at, predicted,
                                   run<double>(predicted, target, scale).gradient, "predicted");
}

template <class T>
void expect_near_double(std::int64_t count) {
    auto const predicted = as_double(rounded<T>(random_values(count, 3)));
    auto const target = rounded<float>(random_values(count, 4));
    std::vector<float> const scale(static_cast<std::size_t>(count), 0.3F);
    auto const exact = run<double>(predicted, target, scale);
    auto const result = run<T>(predicted, target, scale);
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
    EXPECT_TRUE(run<float>({}, {}, {}).loss.empty());
}

}  // namespace
}  // namespace dnagpt::testing
