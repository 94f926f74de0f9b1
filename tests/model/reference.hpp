#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dnagpt/device/views.hpp"

namespace dnagpt::testing {

/// The plain formulas in double, row-major, for tiny inputs.
struct HostMatrix {
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::vector<double> values;

    double at(std::size_t row, std::size_t column) const { return values[row * columns + column]; }
    double& at(std::size_t row, std::size_t column) { return values[row * columns + column]; }
};

inline HostMatrix zeros(std::size_t rows, std::size_t columns) {
    return {rows, columns, std::vector<double>(rows * columns, 0.0)};
}

/// input weight^T.
inline HostMatrix reference_linear(HostMatrix const& input, HostMatrix const& weight) {
    HostMatrix output = zeros(input.rows, weight.rows);
    for (std::size_t r = 0; r < input.rows; ++r) {
        for (std::size_t o = 0; o < weight.rows; ++o) {
            for (std::size_t i = 0; i < input.columns; ++i) {
                output.at(r, o) += input.at(r, i) * weight.at(o, i);
            }
        }
    }
    return output;
}

inline HostMatrix reference_layernorm(HostMatrix input, std::vector<double> const& weight) {
    auto const count = static_cast<double>(input.columns);
    for (std::size_t r = 0; r < input.rows; ++r) {
        double mean = 0;
        double variance = 0;
        for (std::size_t c = 0; c < input.columns; ++c) {
            mean += input.at(r, c) / count;
        }
        for (std::size_t c = 0; c < input.columns; ++c) {
            variance += std::pow(input.at(r, c) - mean, 2) / count;
        }
        for (std::size_t c = 0; c < input.columns; ++c) {
            input.at(r, c) = (input.at(r, c) - mean) / std::sqrt(variance + 1e-5) * weight[c];
        }
    }
    return input;
}

inline double reference_gelu(double x) {
    double const pi = std::acos(-1.0);
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / pi) * (x + 0.044715 * x * x * x)));
}

inline double reference_silu(double x) {
    return x / (1 + std::exp(-x));
}

template <class Function>
HostMatrix reference_map(HostMatrix input, Function const& function) {
    for (double& value : input.values) {
        value = function(value);
    }
    return input;
}

inline HostMatrix reference_sum(HostMatrix a, HostMatrix const& b) {
    for (std::size_t i = 0; i < a.values.size(); ++i) {
        a.values[i] += b.values[i];
    }
    return a;
}

}  // namespace dnagpt::testing
