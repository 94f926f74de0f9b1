#pragma once

#include "dnagpt/ops/gemm.hpp"

namespace dnagpt {

/// The product of gemm.hpp in double on the host, for engines whose library has none. Each element
/// is summed over k in ascending order.
void gemm_reference(GemmShape const& shape, double const* a, double const* b, double* c);

}  // namespace dnagpt
