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
    std::vector<Matrix<T>> keys;    ///< by layer (R H T, D)
    std::vector<Matrix<T>> values;  ///< by layer (R H T, D)
    Matrix<T> residual;             ///< (R, C)
    Matrix<T> normed;               ///< (R, C)
    Matrix<T> qkv;                  ///< (R, 3C)
    Matrix<T> attended;             ///< (R, C)
    Matrix<T> fc;                   ///< (R, 4C)
    Vector<accum_t<T>> mean;        ///< (R)
    Vector<accum_t<T>> rstd;        ///< (R)
    Matrix<T> hidden;               ///< (R, C) after the final layernorm: what the heads read
};

/// A model that reads up to `rows` sequences of up to `capacity` positions, token by token. The
/// parameters must outlive it and keep their values.
template <class T>
struct Decoder {
    Decoder(GptParams<T> const& params, std::int64_t rows, std::int64_t capacity, Stream stream);
    Decoder(Decoder const&) = delete;
    Decoder& operator=(Decoder const&) = delete;

    GptParams<T> const& params;
    Arena memory;
    DecoderState<T> state;
    Context context;
};

/// What each row reads in a step.
struct DecoderInput {
    Vector<std::int32_t> tokens;       ///< (R); -1 where a number is read instead
    Vector<std::int32_t> positions;    ///< (R): one more than at the row's last step, or 0
    Vector<float> numbers;             ///< (N): these numbers
    Vector<std::int32_t> number_rows;  ///< (N): by the rows that read them
};

/// Assigns decoder.state.hidden: beyond rounding what gpt_forward computes for these positions. A
/// row at position 0 begins a new sequence.
template <class T>
void decode_step(Decoder<T>& decoder, DecoderInput const& input);

}  // namespace dnagpt
