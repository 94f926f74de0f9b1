#pragma once

#include <cstdint>

#include "dnagpt/config/model_shape.hpp"

namespace dnagpt {

/// Number of parameters.
std::int64_t parameter_count(ModelShape const& shape);

/// Parameters of Linear layers: all matrices but the two embedding tables.
std::int64_t matrix_parameter_count(ModelShape const& shape);

/// Floating-point operations of one trained position, forward and backward: 6 x matrix parameters
/// without embeddings + 12 L C T, at context length T = shape.context_length. Everything that is
/// called MFU or FLOPs in this project uses this formula.
double training_flops_per_token(ModelShape const& shape);

}  // namespace dnagpt
