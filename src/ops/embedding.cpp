#include "dnagpt/ops/embedding.hpp"

#include <algorithm>
#include <cstdint>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/element_types.hpp"
#include "team_loops.hpp"

namespace dnagpt {
namespace {

/// dposition_table row p += the rows of doutput at position p, in order.
template <class T>
void add_positions(std::int64_t context_length, Matrix<T> const& doutput,
                   Matrix<accum_t<T>> const& dposition_table) {
    using A = accum_t<T>;
    std::int64_t const rows = rows_of(doutput);
    std::int64_t const columns = columns_of(doutput);
    T const* const douts = doutput.data();
    A* const table = dposition_table.data();
    for_each_team(
        "embedding_backward_positions", std::min(context_length, rows),
        KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const position = team.league_rank();
            A* const sums = table + position * columns;
            for (std::int64_t row = position; row < rows; row += context_length) {
                T const* const dout = douts + row * columns;
                team_for(team, columns, [&](int c) { sums[c] += static_cast<A>(dout[c]); });
            }
        });
}

/// dtoken_table row v += the rows of doutput whose token is v, in order: every token belongs to one
/// team, so that the order does not depend on how many teams there are.
template <class T>
void add_tokens(Vector<std::int32_t> const& tokens, Matrix<T> const& doutput,
                Matrix<accum_t<T>> const& dtoken_table) {
    using A = accum_t<T>;
    std::int64_t const rows = rows_of(doutput);
    std::int64_t const columns = columns_of(doutput);
    std::int32_t const* const ids = tokens.data();
    T const* const douts = doutput.data();
    A* const table = dtoken_table.data();
    int const teams = std::min(static_cast<int>(ExecutionSpace().concurrency()), 1024);
    for_each_team(
        "embedding_backward_tokens", teams, KOKKOS_LAMBDA(Team const& team) {
            for (std::int64_t row = 0; row < rows; ++row) {
                std::int32_t const token = ids[row];
                if (token < 0 || token % teams != team.league_rank()) {
                    continue;
                }
                A* const sums = table + token * columns;
                T const* const dout = douts + row * columns;
                team_for(team, columns, [&](int c) { sums[c] += static_cast<A>(dout[c]); });
            }
        });
}

}  // namespace

template <class T>
void embedding_forward(Context& /*context*/, Vector<std::int32_t> tokens,
                       std::int64_t context_length, Matrix<T> token_table, Matrix<T> position_table,
                       Matrix<T> output) {
    using A = accum_t<T>;
    std::int64_t const columns = columns_of(output);
    DNAGPT_EXPECT(rows_of(tokens) == rows_of(output) && columns_of(token_table) == columns);
    DNAGPT_EXPECT(columns_of(position_table) == columns);
    DNAGPT_EXPECT(context_length > 0 &&
                  std::min(context_length, rows_of(output)) <= rows_of(position_table));
    std::int32_t const* const ids = tokens.data();
    T const* const token_rows = token_table.data();
    T const* const position_rows = position_table.data();
    T* const outputs = output.data();
    for_each_team(
        "embedding_forward", rows_of(output), KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const row = team.league_rank();
            T const* const position = position_rows + row % context_length * columns;
            T* const out = outputs + row * columns;
            std::int64_t const id = ids[row];
            if (id < 0) {
                team_for(team, columns, [&](int c) { out[c] = position[c]; });
                return;
            }
            T const* const token = token_rows + id * columns;
            team_for(team, columns, [&](int c) {
                out[c] = T(static_cast<A>(token[c]) + static_cast<A>(position[c]));
            });
        });
}

template <class T>
void embedding_at_positions(Context& /*context*/, Vector<std::int32_t> tokens,
                            Vector<std::int32_t> positions, Matrix<T> token_table,
                            Matrix<T> position_table, Matrix<T> output) {
    using A = accum_t<T>;
    std::int64_t const columns = columns_of(output);
    DNAGPT_EXPECT(rows_of(tokens) == rows_of(output) && rows_of(positions) == rows_of(output));
    std::int32_t const* const ids = tokens.data();
    std::int32_t const* const places = positions.data();
    T const* const token_rows = token_table.data();
    T const* const position_rows = position_table.data();
    T* const outputs = output.data();
    for_each_team(
        "embedding_at_positions", rows_of(output), KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const row = team.league_rank();
            T const* const position = position_rows + places[row] * columns;
            T* const out = outputs + row * columns;
            std::int64_t const id = ids[row];
            if (id < 0) {
                team_for(team, columns, [&](int c) { out[c] = position[c]; });
                return;
            }
            T const* const token = token_rows + id * columns;
            team_for(team, columns, [&](int c) {
                out[c] = T(static_cast<A>(token[c]) + static_cast<A>(position[c]));
            });
        });
}

template <class T>
void embedding_backward(Context& /*context*/, Vector<std::int32_t> tokens,
                        std::int64_t context_length, Matrix<T> doutput,
                        Matrix<accum_t<T>> dtoken_table, Matrix<accum_t<T>> dposition_table) {
    DNAGPT_EXPECT(rows_of(tokens) == rows_of(doutput) && context_length > 0);
    DNAGPT_EXPECT(columns_of(dtoken_table) == columns_of(doutput) &&
                  columns_of(dposition_table) == columns_of(doutput));
    DNAGPT_EXPECT(std::min(context_length, rows_of(doutput)) <= rows_of(dposition_table));
    add_tokens(tokens, doutput, dtoken_table);
    add_positions(context_length, doutput, dposition_table);
}

template <class T>
void scatter_add_rows(Context& /*context*/, Matrix<T> source, Vector<std::int32_t> indices,
                      Matrix<T> destination) {
    using A = accum_t<T>;
    std::int64_t const columns = columns_of(source);
    DNAGPT_EXPECT(rows_of(indices) == rows_of(source) && columns_of(destination) == columns);
    T const* const sources = source.data();
    std::int32_t const* const rows = indices.data();
    T* const destinations = destination.data();
    for_each_team(
        "scatter_add_rows", rows_of(source), KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const row = team.league_rank();
            T const* const from = sources + row * columns;
            T* const to = destinations + rows[row] * columns;
            team_for(team, columns,
                     [&](int c) { to[c] = T(static_cast<A>(to[c]) + static_cast<A>(from[c])); });
        });
}

template <class T>
void gather_rows(Context& /*context*/, Matrix<T> source, Vector<std::int32_t> indices,
                 Matrix<T> destination) {
    std::int64_t const columns = columns_of(source);
    DNAGPT_EXPECT(rows_of(indices) == rows_of(destination) && columns_of(destination) == columns);
    T const* const sources = source.data();
    std::int32_t const* const rows = indices.data();
    T* const destinations = destination.data();
    for_each_team(
        "gather_rows", rows_of(destination), KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const row = team.league_rank();
            T const* const from = sources + rows[row] * columns;
            T* const to = destinations + row * columns;
            team_for(team, columns, [&](int c) { to[c] = from[c]; });
        });
}

#define DNAGPT_INSTANTIATE(T)                                                                  \
    template void embedding_forward(Context&, Vector<std::int32_t>, std::int64_t, Matrix<T>,   \
                                    Matrix<T>, Matrix<T>);                                     \
    template void embedding_at_positions(Context&, Vector<std::int32_t>, Vector<std::int32_t>, \
                                         Matrix<T>, Matrix<T>, Matrix<T>);                     \
    template void embedding_backward(Context&, Vector<std::int32_t>, std::int64_t, Matrix<T>,  \
                                     Matrix<accum_t<T>>, Matrix<accum_t<T>>);                  \
    template void scatter_add_rows(Context&, Matrix<T>, Vector<std::int32_t>, Matrix<T>);      \
    template void gather_rows(Context&, Matrix<T>, Vector<std::int32_t>, Matrix<T>);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
