#pragma once

#include <cstdint>

#include "dnagpt/device/views.hpp"
#include "dnagpt/ops/attention.hpp"

namespace dnagpt {

/// How much chosen positions attend to each position before them: rows (N H, T) of
/// softmax(Q K^T / sqrt(D)), 0 behind the position. qkv (B T, 3C) as attention_forward reads it;
/// queries (N): flat positions b T + t.
template <class T>
void attention_rows(AttentionShape const& shape, Matrix<T> qkv, Vector<std::int32_t> queries,
                    Matrix<float> rows);

}  // namespace dnagpt
