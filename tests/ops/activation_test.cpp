#include "dnagpt/ops/activation.hpp"

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
    Values output;
    Values dinput;
};

enum class Function { gelu, silu };

/// Forward and backward in T; in place when asked.
template <class T>
Results run(Function function, Values const& input, Values const& doutput, bool in_place = false) {
    auto context = make_context();
    auto const count = static_cast<std::int64_t>(input.size());
    DeviceArray<T> const x(rounded<T>(input));
    DeviceArray<T> const dy(rounded<T>(doutput));
    DeviceArray<T> const y(count);
    DeviceArray<T> const separate(count);
    auto const& dx = in_place ? dy : separate;
    auto const forward = function == Function::gelu ? gelu_forward<T> : silu_forward<T>;
    auto const backward = function == Function::gelu ? gelu_backward<T> : silu_backward<T>;
    forward(context, x.matrix(1, count), y.matrix(1, count));
    backward(context, x.matrix(1, count), dy.matrix(1, count), dx.matrix(1, count));
    return {as_double(y.host()), as_double(dx.host())};
}

double gelu(double x) {
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
}
double silu(double x) {
    return x / (1 + std::exp(-x));
}

/// Far tails included: -20 .. 20.
Values grid(std::int64_t count) {
    Values values;
    for (std::int64_t i = 0; i < count; ++i) {
        values.push_back(count == 1 ? 0.7
                                    : -20 + 40.0 * static_cast<double>(i) /
                                                static_cast<double>(count - 1));
    }
    return values;
}

TEST(Activation, OracleByHand) {
    // PyTorch's documented values: gelu(1, tanh) = 0.841192, silu(1) = 0.731059.
    Values const one{1, 0, -1};
    auto const gelus = run<double>(Function::gelu, one, one);
    expect_all_near(gelus.output, {0.8411919906, 0, -0.1588080094}, 1e-10, "gelu");
    auto const silus = run<double>(Function::silu, one, one);
    expect_all_near(silus.output, {0.7310585786, 0, -0.2689414214}, 1e-10, "silu");
    expect_all_near(run<double>(Function::silu, {0}, {3}).dinput, {1.5}, 1e-15, "silu'(0) = 1/2");
    expect_all_near(run<double>(Function::gelu, {0}, {3}).dinput, {1.5}, 1e-15, "gelu'(0) = 1/2");
}

TEST(Activation, DoubleEqualsTheDefinition) {
    for (std::int64_t const count : {1, 31, 33, 1025, 9001}) {
        auto const input = grid(count);
        Values gelus;
        Values silus;
        for (double const x : input) {
            gelus.push_back(gelu(x));
            silus.push_back(silu(x));
        }
        expect_all_near(run<double>(Function::gelu, input, input).output, gelus, 1e-14, "gelu");
        expect_all_near(run<double>(Function::silu, input, input).output, silus, 1e-14, "silu");
    }
}

TEST(Activation, GradientsElementByElement) {
    for (auto const function : {Function::gelu, Function::silu}) {
        auto const input = random_values(33, 5, 2);
        auto const doutput = random_values(33, 6);
        auto const loss_at = [&](Values const& point) {
            return dot(run<double>(function, point, doutput).output, doutput);
        };
        expect_each_derivative_matches(loss_at, input, run<double>(function, input, doutput).dinput,
                                       function == Function::gelu ? "gelu" : "silu");
    }
}

/// Every element by its own magnitude: in T as in double but for a few roundings and the
/// polynomial's error (2^-21), stored as T.
template <class T>
void expect_near_double(Function function) {
    auto const input = as_double(rounded<T>(grid(1025)));
    auto const doutput = as_double(rounded<T>(random_values(1025, 7)));
    auto const exact = run<double>(function, input, doutput);
    for (bool const in_place : {false, true}) {
        auto const result = run<T>(function, input, doutput, in_place);
        for (std::size_t i = 0; i < input.size(); ++i) {
            // The argument of exp is off by |u| 2^-24 or so, its exponential by as much relatively.
            double const argument = 1 + std::abs(input[i]) * (1 + 0.1 * input[i] * input[i]);
            double const relative = 8 * unit_roundoff<T>() + 0x1.0p-21 + argument * 0x1.0p-22;
            double const least = 1e-34;  // there exp runs into its upper end
            ASSERT_NEAR(result.output[i], exact.output[i],
                        relative * std::abs(exact.output[i]) + least)
                << "at " << input[i];
            double const slope = std::abs(exact.dinput[i]) +
                                 std::abs(doutput[i] * argument * exact.output[i]) +
                                 1e-3 * std::abs(doutput[i] * (std::abs(input[i]) < 4 ? 1 : 0));
            ASSERT_NEAR(result.dinput[i], exact.dinput[i], relative * slope + least)
                << "at " << input[i];
        }
    }
}

TEST(Activation, FloatNearDouble) {
    expect_near_double<float>(Function::gelu);
    expect_near_double<float>(Function::silu);
}

TEST(Activation, Bf16NearDouble) {
    expect_near_double<bf16>(Function::gelu);
    expect_near_double<bf16>(Function::silu);
}

}  // namespace
}  // namespace dnagpt::testing
