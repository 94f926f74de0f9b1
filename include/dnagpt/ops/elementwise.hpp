#pragma once

#include "dnagpt/device/views.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

template <class T>
void fill(Context& context, Vector<T> values, T value);

/// values[i] *= factors[i]. Equal lengths.
template <class T>
void multiply(Context& context, Vector<float> factors, Vector<T> values);

/// destination = source, element by element, rounded to To. Equal lengths.
template <class From, class To>
void convert(Context& context, Vector<From> source, Vector<To> destination);

}  // namespace dnagpt
