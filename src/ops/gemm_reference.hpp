#pragma once

#include "dnagpt/ops/gemm.hpp"

namespace dnagpt {

/// The product of gemm.hpp on the host: each element is summed over k in ascending order, in double
/// on one thread. Instantiated for float and double.
template <class T>
void gemm_reference(GemmShape const& shape, T const* a, T const* b, T* c);

}  // namespace dnagpt
