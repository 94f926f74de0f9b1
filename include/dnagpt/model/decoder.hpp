#pragma once

#include <cstdint>
#include <vector>

#include "dnagpt/config/model_shape.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/device/arena.hpp"
#include "dnagpt/device/views.hpp"
#include "dnagpt/model/gpt.hpp"
#include "dnagpt/ops/cached_attention.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// Sequences that are read token by token: the keys and values of what was read, and the arrays of
/// one step. The memory is an arena's.
template <class T>
struct DecoderState {
    CacheShape cache;
    std::vector<Matrix<T>> keys;    ///< by layer (R T, C)
    std::vector<Matrix<T>> values;  ///< by layer (R T, C)
    Matrix<T> residual;             ///< (R, C)
    Matrix<T> normed;               ///< (R, C)
    Matrix<T> qkv;                  ///< (R, 3C)
    Matrix<T> attended;             ///< (R, C)
    Matrix<T> fc;                   ///< (R, 4C)
    Vector<accum_t<T>> mean;        ///< (R)
    Vector<accum_t<T>> rstd;        ///< (R)
    Matrix<T> hidden;               ///< (R, C) after the final layernorm: what the heads read
};

/// For `rows` sequences of up to `capacity` positions.
template <class T>
DecoderState<T> layout_decoder_state(ModelShape const& shape, std::int64_t rows,
                                     std::int64_t capacity, Arena& arena);

/// Size of that memory, and of the scratch that decode_step takes (bytes).
template <class T>
std::int64_t decoder_state_bytes(ModelShape const& shape, std::int64_t rows, std::int64_t capacity);
template <class T>
std::int64_t decoder_scratch_bytes(ModelShape const& shape, std::int64_t rows,
                                   std::int64_t capacity);

/// Each row reads its token (R) at its position (R), which is one more than at the row's last step,
/// 0 at first. Assigns state.hidden: beyond rounding what gpt_forward computes for that position.
template <class T>
void decode_step(Context& context, GptParams<T> const& params, Vector<std::int32_t> tokens,
                 Vector<std::int32_t> positions, DecoderState<T> const& state);

}  // namespace dnagpt
