#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt::testing {

inline Context make_context(std::int64_t scratch_bytes = std::int64_t{8} << 20) {
    Context context;
    context.scratch = Arena(scratch_bytes);
    return context;
}

/// Values rounded to T.
template <class T>
std::vector<T> rounded(std::vector<double> const& values) {
    std::vector<T> result;
    for (double const value : values) {
        result.push_back(T(static_cast<accum_t<T>>(value)));
    }
    return result;
}

template <class T>
std::vector<double> as_double(std::vector<T> const& values) {
    std::vector<double> result;
    for (T const value : values) {
        result.push_back(static_cast<double>(static_cast<accum_t<T>>(value)));
    }
    return result;
}

/// Error bound of a result of about `magnitude` that is computed in accum_t<T> by sums of `depth`
/// terms, with a factor for the operations beside the sums, and is then stored as T.
template <class T>
double tolerance(double magnitude, double depth) {
    constexpr double operations = 8;
    return magnitude * (unit_roundoff<T>() + (depth + operations) * unit_roundoff<accum_t<T>>());
}

/// Every |actual - expected| <= bound.
template <class T>
void expect_all_near(std::vector<T> const& actual, std::vector<double> const& expected,
                     double bound, char const* what) {
    auto const values = as_double(actual);
    ASSERT_EQ(values.size(), expected.size()) << what;
    for (std::size_t i = 0; i < values.size(); ++i) {
        ASSERT_LE(std::abs(values[i] - expected[i]), bound)
            << what << ", element " << i << ": " << values[i] << ", expected " << expected[i];
    }
}

inline double largest_magnitude(std::vector<double> const& values) {
    double largest = 0;
    for (double const value : values) {
        largest = std::max(largest, std::abs(value));
    }
    return largest;
}

}  // namespace dnagpt::testing
