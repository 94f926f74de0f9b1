#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dnagpt/device/buffer.hpp"
#include "dnagpt/device/views.hpp"
#include "harness/device_array.hpp"
#include "harness/gradient_check.hpp"
#include "model/reference.hpp"

namespace dnagpt::testing {

/// Random matrices with a host copy, alive as long as the object.
class BlockArrays {
  public:
    explicit BlockArrays(std::uint64_t seed) : seed_(seed) {}

    Matrix<double> random(std::int64_t rows, std::int64_t columns, double deviation = 1) {
        return keep(random_values(rows * columns, ++seed_, deviation)).matrix(rows, columns);
    }
    Matrix<double> zero(std::int64_t rows, std::int64_t columns) {
        return keep(std::vector<double>(static_cast<std::size_t>(rows * columns), 0.0))
            .matrix(rows, columns);
    }
    Vector<double> random_vector(std::int64_t count) {
        return keep(random_values(count, ++seed_)).vector();
    }
    Vector<double> zero_vector(std::int64_t count) {
        return keep(std::vector<double>(static_cast<std::size_t>(count), 0.0)).vector();
    }

  private:
    DeviceArray<double> const& keep(std::vector<double> const& values) {
        arrays_.push_back(std::make_unique<DeviceArray<double>>(values));
        return *arrays_.back();
    }

    std::uint64_t seed_;
    std::vector<std::unique_ptr<DeviceArray<double>>> arrays_;
};

template <class View>
std::vector<double> host_of(View const& view) {
    return to_host(view.data(), static_cast<std::int64_t>(view.size()));
}

inline HostMatrix host_matrix(Matrix<double> const& matrix) {
    return {matrix.extent(0), matrix.extent(1), host_of(matrix)};
}

inline void expect_equal(HostMatrix const& ours, HostMatrix const& reference) {
    ASSERT_EQ(ours.values.size(), reference.values.size());
    // A hundred sums of numbers near 1 in double.
    for (std::size_t i = 0; i < ours.values.size(); ++i) {
        EXPECT_NEAR(ours.values[i], reference.values[i], 1e-12) << "element " << i;
    }
}

/// Checks the gradient in `gradient` of sum(output o seed) by moving `variable` and running
/// `forward`, which returns that sum.
template <class View, class Forward>
void expect_gradient(View const& variable, View const& gradient, Forward const& forward,
                     std::string const& name) {
    std::vector<double> const point = host_of(variable);
    auto const loss_at = [&](std::vector<double> const& values) {
        copy_to_device(values.data(), variable.data(), static_cast<std::int64_t>(values.size()));
        return forward();
    };
    expect_gradient_matches(loss_at, point, host_of(gradient), name);
    loss_at(point);
}

}  // namespace dnagpt::testing
