#include "dnagpt/ops/embedding.hpp"

#include <algorithm>
#include <cstdint>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/element_types.hpp"
#include "row_loops.hpp"

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
        "embedding_backward_positions", std::min(context_length, rows), columns,
        KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const position = team.league_rank();
            A* const sums = table + position * columns;
            for (std::int64_t row = position; row < rows; row += context_length) {
                T const* const dout = douts + row * columns;
                team_for(team, columns, [&](int c) { sums[c] += static_cast<A>(dout[c]); });
            }
        });
}

/// dtoken_table row v += the rows of doutput whose token is v, in order: one team a token.
template <class T>
void add_tokens(Vector<std::int32_t> const& tokens, Vector<std::int32_t> const& grouped_rows,
                Vector<std::int32_t> const& group_first, Matrix<T> const& doutput,
                Matrix<accum_t<T>> const& dtoken_table) {
    using A = accum_t<T>;
    std::int64_t const columns = columns_of(doutput);
    std::int32_t const* const ids = tokens.data();
    std::int32_t const* const rows = grouped_rows.data();
    std::int32_t const* const first = group_first.data();
    T const* const douts = doutput.data();
    A* const table = dtoken_table.data();
    for_each_team(
        "embedding_backward_tokens", rows_of(group_first) - 1, columns,
        KOKKOS_LAMBDA(Team const& team) {
            std::int32_t const begin = first[team.league_rank()];
            std::int32_t const end = first[team.league_rank() + 1];
            A* const sums = table + std::int64_t{ids[rows[begin]]} * columns;
            if (on_host) {
                for (std::int32_t i = begin; i < end; ++i) {
                    T const* const dout = douts + std::int64_t{rows[i]} * columns;
                    team_for(team, columns, [&](int c) { sums[c] += static_cast<A>(dout[c]); });
                }
            } else {
                team_for(team, columns, [&](int c) {
                    A sum = sums[c];
                    for (std::int32_t i = begin; i < end; ++i) {
                        sum += static_cast<A>(douts[std::int64_t{rows[i]} * columns + c]);
                    }
                    sums[c] = sum;
                });
            }
        });
}

/// A row of the output: that of its token, none for negative ones, + that of its position.
template <class T, int width>
struct EmbedRow {
    using A = accum_t<T>;
    std::int64_t columns;
    std::int64_t context_length;  // row r is at position r mod context_length
    std::int32_t const* places;   // (R) or, if there are any, here
    std::int32_t const* ids;      // (R)
    T const* token_rows;          // (V, C)
    T const* position_rows;       // (T_max, C)
    T* outputs;                   // (R, C)

    template <class Lanes>
    KOKKOS_INLINE_FUNCTION void operator()(Lanes const& lanes, std::int64_t row) const {
        std::int64_t const place = places != nullptr ? places[row] : row % context_length;
        T const* const position = position_rows + place * columns;
        T* const out = outputs + row * columns;
        std::int64_t const id = ids[row];
        if (id < 0) {
            for_packs<width>(lanes, columns, [&](auto wide, int c) {
                store_pack(load_pack<A, wide.value>(position + c), out + c);
            });
            return;
        }
        T const* const token = token_rows + id * columns;
        for_packs<width>(lanes, columns, [&](auto wide, int c) {
            auto x = load_pack<A, wide.value>(token + c);
            auto const y = load_pack<A, wide.value>(position + c);
            for (int i = 0; i < wide.value; ++i) {
                x[i] += y[i];
            }
            store_pack(x, out + c);
        });
    }
};

template <class T>
void embed_rows(char const* name, Vector<std::int32_t> const& tokens, std::int64_t context_length,
                std::int32_t const* places, Matrix<T> const& token_table,
                Matrix<T> const& position_table, Matrix<T> const& output) {
    std::int64_t const columns = columns_of(output);
    std::int64_t const rows = rows_of(output);
    auto const embed = [&](auto wide) {
        EmbedRow<T, wide.value> const row{columns,       context_length,     places,
                                          tokens.data(), token_table.data(), position_table.data(),
                                          output.data()};
        for_each_row<wide.value>(name, rows, columns, row);
    };
    if (fits_packs<T>(columns, token_table.data(), position_table.data(), output.data())) {
        embed(Width<pack_width<T>>());
    } else {
        embed(Width<1>());
    }
}

/// to row indices[r] += from row r.
template <class T, int width>
struct ScatterRow {
    using A = accum_t<T>;
    std::int64_t columns;
    std::int32_t const* indices;
    T const* from;
    T* to;

    template <class Lanes>
    KOKKOS_INLINE_FUNCTION void operator()(Lanes const& lanes, std::int64_t row) const {
        T const* const source = from + row * columns;
        T* const target = to + std::int64_t{indices[row]} * columns;
        for_packs<width>(lanes, columns, [&](auto wide, int c) {
            auto x = load_pack<A, wide.value>(target + c);
            auto const y = load_pack<A, wide.value>(source + c);
            for (int i = 0; i < wide.value; ++i) {
                x[i] += y[i];
            }
            store_pack(x, target + c);
        });
    }
};

/// to row r = from row indices[r].
template <class T, int width>
struct GatherRow {
    using A = accum_t<T>;
    std::int64_t columns;
    std::int32_t const* indices;
    T const* from;
    T* to;

    template <class Lanes>
    KOKKOS_INLINE_FUNCTION void operator()(Lanes const& lanes, std::int64_t row) const {
        T const* const source = from + std::int64_t{indices[row]} * columns;
        T* const target = to + row * columns;
        for_packs<width>(lanes, columns, [&](auto wide, int c) {
            store_pack(load_pack<A, wide.value>(source + c), target + c);
        });
    }
};

template <template <class, int> class Row, class T>
void move_rows(char const* name, Vector<std::int32_t> const& indices, Matrix<T> const& from,
               Matrix<T> const& to) {
    std::int64_t const columns = columns_of(from);
    std::int64_t const rows = rows_of(indices);
    auto const move = [&](auto wide) {
        Row<T, wide.value> const row{columns, indices.data(), from.data(), to.data()};
        for_each_row<wide.value>(name, rows, columns, row);
    };
    if (fits_packs<T>(columns, from.data(), to.data())) {
        move(Width<pack_width<T>>());
    } else {
        move(Width<1>());
    }
}

}  // namespace

RowsByToken rows_by_token(std::vector<std::int32_t> const& tokens) {
    RowsByToken grouped;
    for (std::size_t row = 0; row < tokens.size(); ++row) {
        if (tokens[row] >= 0) {
            grouped.rows.push_back(static_cast<std::int32_t>(row));
        }
    }
    auto const token_of = [&](std::int32_t row) { return tokens[static_cast<std::size_t>(row)]; };
    std::ranges::stable_sort(grouped.rows, {}, token_of);
    for (std::size_t i = 0; i < grouped.rows.size(); ++i) {
        if (i == 0 || token_of(grouped.rows[i]) != token_of(grouped.rows[i - 1])) {
            grouped.first.push_back(static_cast<std::int32_t>(i));
        }
    }
    grouped.first.push_back(static_cast<std::int32_t>(grouped.rows.size()));
    return grouped;
}

template <class T>
void embedding_forward(Context& /*context*/, Vector<std::int32_t> tokens,
                       std::int64_t context_length, Matrix<T> token_table, Matrix<T> position_table,
                       Matrix<T> output) {
    std::int64_t const columns = columns_of(output);
    DNAGPT_EXPECT(rows_of(tokens) == rows_of(output) && columns_of(token_table) == columns);
    DNAGPT_EXPECT(columns_of(position_table) == columns);
    DNAGPT_EXPECT(context_length > 0 &&
                  std::min(context_length, rows_of(output)) <= rows_of(position_table));
    embed_rows("embedding_forward", tokens, context_length, nullptr, token_table, position_table,
               output);
}

template <class T>
void embedding_at_positions(Context& /*context*/, Vector<std::int32_t> tokens,
                            Vector<std::int32_t> positions, Matrix<T> token_table,
                            Matrix<T> position_table, Matrix<T> output) {
    DNAGPT_EXPECT(rows_of(tokens) == rows_of(output) && rows_of(positions) == rows_of(output));
    embed_rows("embedding_at_positions", tokens, 1, positions.data(), token_table, position_table,
               output);
}

template <class T>
void embedding_backward(Context& /*context*/, Vector<std::int32_t> tokens,
                        Vector<std::int32_t> grouped_rows, Vector<std::int32_t> group_first,
                        std::int64_t context_length, Matrix<T> doutput,
                        Matrix<accum_t<T>> dtoken_table, Matrix<accum_t<T>> dposition_table) {
    DNAGPT_EXPECT(rows_of(tokens) == rows_of(doutput) && context_length > 0);
    DNAGPT_EXPECT(rows_of(grouped_rows) <= rows_of(tokens) && rows_of(group_first) >= 1);
    DNAGPT_EXPECT(columns_of(dtoken_table) == columns_of(doutput) &&
                  columns_of(dposition_table) == columns_of(doutput));
    DNAGPT_EXPECT(std::min(context_length, rows_of(doutput)) <= rows_of(dposition_table));
    add_tokens(tokens, grouped_rows, group_first, doutput, dtoken_table);
    add_positions(context_length, doutput, dposition_table);
}

template <class T>
void scatter_add_rows(Context& /*context*/, Matrix<T> source, Vector<std::int32_t> indices,
                      Matrix<T> destination) {
    std::int64_t const columns = columns_of(source);
    DNAGPT_EXPECT(rows_of(indices) == rows_of(source) && columns_of(destination) == columns);
    move_rows<ScatterRow>("scatter_add_rows", indices, source, destination);
}

template <class T>
void gather_rows(Context& /*context*/, Matrix<T> source, Vector<std::int32_t> indices,
                 Matrix<T> destination) {
    std::int64_t const columns = columns_of(source);
    DNAGPT_EXPECT(rows_of(indices) == rows_of(destination) && columns_of(destination) == columns);
    move_rows<GatherRow>("gather_rows", indices, source, destination);
}

#define DNAGPT_INSTANTIATE(T)                                                                  \
    template void embedding_forward(Context&, Vector<std::int32_t>, std::int64_t, Matrix<T>,   \
                                    Matrix<T>, Matrix<T>);                                     \
    template void embedding_at_positions(Context&, Vector<std::int32_t>, Vector<std::int32_t>, \
                                         Matrix<T>, Matrix<T>, Matrix<T>);                     \
    template void embedding_backward(Context&, Vector<std::int32_t>, Vector<std::int32_t>,     \
                                     Vector<std::int32_t>, std::int64_t, Matrix<T>,            \
                                     Matrix<accum_t<T>>, Matrix<accum_t<T>>);                  \
    template void scatter_add_rows(Context&, Matrix<T>, Vector<std::int32_t>, Matrix<T>);      \
    template void gather_rows(Context&, Matrix<T>, Vector<std::int32_t>, Matrix<T>);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
