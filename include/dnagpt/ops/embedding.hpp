#pragma once

#include <cstdint>
#include <vector>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/device/views.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// output (B T, C) = token_table (V, C) row of tokens (B T) + position_table (T_max, C) row of
/// r mod T. Where tokens is negative only the position is written (a number stands there).
template <class T>
void embedding_forward(Context& context, Vector<std::int32_t> tokens, std::int64_t context_length,
                       Matrix<T> token_table, Matrix<T> position_table, Matrix<T> output);

/// output (R, C) = token_table row of tokens (R), none for -1, + position_table row of positions
/// (R).
template <class T>
void embedding_at_positions(Context& context, Vector<std::int32_t> tokens,
                            Vector<std::int32_t> positions, Matrix<T> token_table,
                            Matrix<T> position_table, Matrix<T> output);

/// The rows of a list of tokens (R) token by token: those of one token ascending, negative tokens
/// left out.
struct RowsByToken {
    std::vector<std::int32_t> rows;   ///< at most R
    std::vector<std::int32_t> first;  ///< (G + 1) group g is rows first[g] .. first[g + 1] - 1
};
RowsByToken rows_by_token(std::vector<std::int32_t> const& tokens);

/// dtoken_table, dposition_table +=, in an order that does not depend on timing: equal inputs give
/// equal bits. grouped_rows and group_first are the lists of rows_by_token(tokens).
template <class T>
void embedding_backward(Context& context, Vector<std::int32_t> tokens,
                        Vector<std::int32_t> grouped_rows, Vector<std::int32_t> group_first,
                        std::int64_t context_length, Matrix<T> doutput,
                        Matrix<accum_t<T>> dtoken_table, Matrix<accum_t<T>> dposition_table);

/// destination row indices[i] += source row i. source (N, C), indices (N) distinct.
template <class T>
void scatter_add_rows(Context& context, Matrix<T> source, Vector<std::int32_t> indices,
                      Matrix<T> destination);

/// destination row i = source row indices[i]. destination (N, C).
template <class T>
void gather_rows(Context& context, Matrix<T> source, Vector<std::int32_t> indices,
                 Matrix<T> destination);

}  // namespace dnagpt
