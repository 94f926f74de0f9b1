#pragma once

#include <cstddef>
#include <cstdint>

#include "dnagpt/core/element_types.hpp"
#include "dnagpt/device/views.hpp"

namespace dnagpt {

/// The elements of a matrix as one vector.
template <class T>
Vector<T> flattened(Matrix<T> const& matrix) {
    return Vector<T>(matrix.data(), matrix.extent(0) * matrix.extent(1));
}

/// Rows of a head's activations that are worked on at once.
inline constexpr std::int64_t head_rows = 1024;

}  // namespace dnagpt
