#pragma once

#include <cstdint>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/device/arena.hpp"
#include "dnagpt/device/views.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// R sequences that grow by one position at a time, up to T positions each; C = H D.
struct CacheShape {
    std::int64_t rows = 0;
    std::int64_t capacity = 0;  ///< T
    std::int64_t heads = 0;
    std::int64_t head_dimension = 0;

    std::int64_t channels() const { return heads * head_dimension; }
};

/// The new position of each row attends to all before it and itself, as attention_forward would.
/// qkv (R, 3C) of the new positions, whose numbers are positions (R). Writes their keys and values
/// to keys, values (R H T, D): what one head reads stands together. Assigns output (R, C).
template <class T>
void cached_attention_forward(Context& context, CacheShape const& shape, Matrix<T> qkv,
                              Vector<std::int32_t> positions, Matrix<T> keys, Matrix<T> values,
                              Matrix<T> output);

/// Takes from `scratch` what the function above takes.
template <class T>
void cached_attention_scratch(CacheShape const& shape, Arena& scratch);

}  // namespace dnagpt
