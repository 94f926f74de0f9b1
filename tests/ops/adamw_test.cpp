#include "dnagpt/ops/adamw.hpp"

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

struct State {
    Values master, m, v, weights;
};

/// Updates from update 1 on, one per gradient.
template <class T>
State run(AdamwStep step, Values const& start, std::vector<Values> const& gradients) {
    auto context = make_context();
    auto const count = static_cast<std::int64_t>(start.size());
    DeviceArray<float> const master(rounded<float>(start));
    DeviceArray<float> const m(count);
    DeviceArray<float> const v(count);
    DeviceArray<T> const weights(count);
    for (auto const& gradient : gradients) {
        DeviceArray<float> const device(rounded<float>(gradient));
        adamw_update(context, step, device.vector(), master.vector(), m.vector(), v.vector(),
                     weights.vector());
        ++step.update;
    }
    return {as_double(master.host()), as_double(m.host()), as_double(v.host()),
            as_double(weights.host())};
}

/// The same in double, by the paper's algorithm 2.
State reference(AdamwStep const& step, Values const& start, std::vector<Values> const& gradients) {
    State state{start, Values(start.size()), Values(start.size()), {}};
    double const b1 = step.beta1;
    double const b2 = step.beta2;
    double t = static_cast<double>(step.update);
    for (auto const& gradient : gradients) {
        for (std::size_t i = 0; i < start.size(); ++i) {
            double const g = step.gradient_scale * gradient[i];
            state.m[i] = b1 * state.m[i] + (1 - b1) * g;
            state.v[i] = b2 * state.v[i] + (1 - b2) * g * g;
            double const m_hat = state.m[i] / (1 - std::pow(b1, t));
            double const v_hat = state.v[i] / (1 - std::pow(b2, t));
            state.master[i] -= step.learning_rate * (m_hat / (std::sqrt(v_hat) + step.epsilon) +
                                                     step.weight_decay * state.master[i]);
        }
        ++t;
    }
    state.weights = state.master;
    return state;
}

TEST(Adamw, FirstUpdateByHand) {
    // Bias correction makes the first step lr sign(g), whatever the gradient's size.
    AdamwStep step;
    step.learning_rate = 0.1F;
    auto const state = run<float>(step, {1, 1, 1}, {{5, -0.001, 0}});
    expect_all_near(state.master, {0.9, 1.1, 1}, 1e-5, "master");
    double const fresh = 1 - double{step.beta1};  // 0.1 but for the rounding of 0.9
    expect_all_near(state.m, {5 * fresh, -0.001 * fresh, 0}, 1e-7, "m");
    expect_all_near(state.v, {0.02 * 25, 0.02 * 1e-6, 0}, 1e-6, "v");
}

TEST(Adamw, DecayIsDecoupled) {
    AdamwStep step;
    step.learning_rate = 0.1F;
    step.weight_decay = 0.5F;
    expect_all_near(run<float>(step, {2, -4}, {{0, 0}}).master, {1.9, -3.8}, 1e-6, "master");
}

TEST(Adamw, GradientScaleEqualsScaledGradient) {
    AdamwStep step;
    step.learning_rate = 0.01F;
    auto const start = random_values(33, 1);
    auto gradient = as_double(rounded<float>(random_values(33, 2)));
    step.gradient_scale = 0.25F;
    auto const scaled = run<float>(step, start, {gradient});
    for (double& value : gradient) {
        value *= 0.25;
    }
    step.gradient_scale = 1;
    EXPECT_EQ(scaled.m, run<float>(step, start, {gradient}).m);
    EXPECT_EQ(scaled.master, run<float>(step, start, {gradient}).master);
}

template <class T>
void expect_near_reference(std::int64_t count) {
    AdamwStep step;
    step.learning_rate = 1e-2F;
    step.weight_decay = 0.1F;
    step.gradient_scale = 0.7F;
    auto const start = as_double(rounded<float>(random_values(count, 3)));
    std::vector<Values> gradients;
    for (std::uint64_t update = 0; update < 10; ++update) {
        gradients.push_back(as_double(rounded<float>(random_values(count, 10 + update))));
    }
    auto const exact = reference(step, start, gradients);
    auto const state = run<T>(step, start, gradients);
    constexpr double updates = 10;
    expect_all_near(state.m, exact.m, tolerance<float>(1, updates) * 5, "m");
    expect_all_near(state.v, exact.v, tolerance<float>(20, updates), "v");
    double const largest = largest_magnitude(exact.master);
    double const bound = tolerance<float>(largest, 2 * updates);
    expect_all_near(state.master, exact.master, bound, "master");
    expect_all_near(state.weights, exact.master, bound + tolerance<T>(largest, 0), "weights");
    EXPECT_EQ(state.weights, as_double(rounded<T>(state.master)));
}

TEST(Adamw, TenUpdatesNearTheReference) {
    for (std::int64_t const count : {1, 31, 33, 1025, 9001}) {
        expect_near_reference<float>(count);
        expect_near_reference<bf16>(count);
        expect_near_reference<double>(count);
    }
}

TEST(Adamw, RefusesUpdateZero) {
    AdamwStep step;
    step.update = 0;
    EXPECT_THROW(run<float>(step, {1}, {{1}}), Error);
}

}  // namespace
}  // namespace dnagpt::testing
