#pragma once

#include <cstdint>

#include "dnagpt/device/views.hpp"

namespace dnagpt {

/// output (N, C): row n is the mean of the rows places[starts[n]] .. places[starts[n + 1] - 1] of
/// source (R, C), at least one. starts (N + 1), places (starts[N]).
template <class T>
void row_means(Matrix<T> source, Vector<std::int32_t> starts, Vector<std::int32_t> places,
               Matrix<float> output);

}  // namespace dnagpt
