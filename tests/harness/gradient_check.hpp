#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "dnagpt/core/random.hpp"

namespace dnagpt::testing {

/// Normal numbers of the given deviation, the same for the same seed.
inline std::vector<double> random_values(std::int64_t count, std::uint64_t seed,
                                         double deviation = 1) {
    std::vector<double> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = deviation * random_normal(seed, i);
    }
    return values;
}

inline double dot(std::vector<double> const& a, std::vector<double> const& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// Derivative of loss_at(point) along `direction` by the four-point formula
/// (8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h; its error is of order h^4.
template <class F>
double numeric_directional_derivative(F const& loss_at, std::vector<double> const& point,
                                      std::vector<double> const& direction) {
    constexpr double step = 1e-3;
    auto const loss_after = [&](double length) {
        std::vector<double> moved(point);
        for (std::size_t i = 0; i < moved.size(); ++i) {
            moved[i] += length * direction[i];
        }
        return static_cast<double>(loss_at(moved));
    };
    double const near = loss_after(step) - loss_after(-step);
    double const far = loss_after(2 * step) - loss_after(-2 * step);
    return (8 * near - far) / (12 * step);
}

/// |analytic - numeric| <= tolerance max(|analytic|, |gradient| / sqrt(size)).
inline void expect_derivative_near(double analytic, double numeric,
                                   std::vector<double> const& gradient, std::string const& what,
                                   double tolerance) {
    double const typical =
        std::sqrt(dot(gradient, gradient) / static_cast<double>(gradient.size()));
    EXPECT_LE(std::abs(analytic - numeric), tolerance * std::max(std::abs(analytic), typical))
        << what << ": analytic " << analytic << ", numeric " << numeric;
}

/// Checks `gradient` of loss_at at `point` along five random unit directions.
template <class F>
void expect_gradient_matches(F const& loss_at, std::vector<double> const& point,
                             std::vector<double> const& gradient, std::string const& name,
                             double tolerance = 1e-8) {
    ASSERT_EQ(point.size(), gradient.size()) << name;
    for (std::uint64_t draw = 0; draw < 5; ++draw) {
        auto direction = random_values(static_cast<std::int64_t>(point.size()),
                                       random_key({0x6772616469656e74ULL, draw}));
        double const length = std::sqrt(dot(direction, direction));
        for (double& part : direction) {
            part /= length;
        }
        expect_derivative_near(dot(gradient, direction),
                               numeric_directional_derivative(loss_at, point, direction), gradient,
                               name + ", direction " + std::to_string(draw), tolerance);
    }
}

/// Checks every element of `gradient` by itself: for operations on few elements.
template <class F>
void expect_each_derivative_matches(F const& loss_at, std::vector<double> const& point,
                                    std::vector<double> const& gradient, std::string const& name,
                                    double tolerance = 1e-8) {
    ASSERT_EQ(point.size(), gradient.size()) << name;
    std::vector<double> direction(point.size(), 0.0);
    for (std::size_t i = 0; i < point.size(); ++i) {
        direction[i] = 1;
        expect_derivative_near(gradient[i],
                               numeric_directional_derivative(loss_at, point, direction), gradient,
                               name + ", element " + std::to_string(i), tolerance);
        direction[i] = 0;
    }
}

}  // namespace dnagpt::testing
