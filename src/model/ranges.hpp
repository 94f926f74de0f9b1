#pragma once

#include <cstddef>
#include <cstdint>

#include "dnagpt/core/bf16.hpp"
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

/// Instantiates with macro(T) for every element type of the build.
#if defined(DNAGPT_HAVE_DOUBLE)
#define DNAGPT_FOR_ELEMENT_TYPES(macro) macro(bf16) macro(float) macro(double)
#else
#define DNAGPT_FOR_ELEMENT_TYPES(macro) macro(bf16) macro(float)
#endif
