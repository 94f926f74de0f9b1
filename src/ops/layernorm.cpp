#include "dnagpt/ops/layernorm.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/element_types.hpp"
#include "team_loops.hpp"

namespace dnagpt {
namespace {

/// Rows that one team of the backward pass sums up into one row of partial dweight; depends only
/// on the number of rows, so that the order of the sums does too.
std::int64_t rows_per_block(std::int64_t rows) {
    return std::max<std::int64_t>(16, ceil_divide(rows, 256));
}

/// What happens to dinput. In place it is doutput, which the compiler must know to make vector
/// code.
enum class Mode { assign, in_place, add };

/// Plain pointers of the backward pass.
template <class T>
struct Backward {
    using A = accum_t<T>;
    std::int64_t rows;
    std::int64_t columns;
    T const* input;    // (R, C)
    T const* weight;   // (C)
    A const* mean;     // (R)
    A const* rstd;     // (R)
    T const* doutput;  // (R, C)
    T* dinput;         // (R, C)
    A* partials;       // (blocks, C)
};

/// One row: d = rstd (g - mean(g) - x mean(g x)) with g = doutput weight and x the normalised
/// input; adds doutput x to `partial`.
template <class T, Mode mode>
KOKKOS_INLINE_FUNCTION void backward_row(Team const& team, Backward<T> const& of, std::int64_t row,
                                         accum_t<T>* __restrict partial) {
    using A = accum_t<T>;
    T const* __restrict const weight = of.weight;
    T const* __restrict const in = of.input + row * of.columns;
    T* const din = of.dinput + row * of.columns;
    T const* const dout = mode == Mode::in_place ? din : of.doutput + row * of.columns;
    A const mean = of.mean[row];
    A const rstd = of.rstd[row];
    A const gradient_mean =
        team_sum<A>(team, of.columns,
                    [&](int c) { return static_cast<A>(dout[c]) * static_cast<A>(weight[c]); }) /
        static_cast<A>(of.columns);
    A const product_mean = team_sum<A>(team, of.columns,
                                       [&](int c) {
                                           return static_cast<A>(dout[c]) *
                                                  static_cast<A>(weight[c]) *
                                                  ((static_cast<A>(in[c]) - mean) * rstd);
                                       }) /
                           static_cast<A>(of.columns);
    team_for(team, of.columns, [&](int c) {
        A const x = (static_cast<A>(in[c]) - mean) * rstd;
        A const gradient = static_cast<A>(dout[c]);
        A const before = mode == Mode::add ? static_cast<A>(din[c]) : A(0);
        partial[c] += gradient * x;
        din[c] = T(before + rstd * (gradient * static_cast<A>(weight[c]) - gradient_mean -
                                    x * product_mean));
    });
    team.team_barrier();
}

template <class T, Mode mode>
void backward_rows(Backward<T> const& of) {
    std::int64_t const per_block = rows_per_block(of.rows);
    for_each_team(
        "layernorm_backward", ceil_divide(of.rows, per_block), KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const first = team.league_rank() * per_block;
            std::int64_t const end = first + per_block < of.rows ? first + per_block : of.rows;
            auto* const partial = of.partials + team.league_rank() * of.columns;
            team_for(team, of.columns, [&](int c) { partial[c] = 0; });
            for (std::int64_t row = first; row < end; ++row) {
                backward_row<T, mode>(team, of, row, partial);
            }
        });
}

/// sums[c] += partials (blocks, C) over the blocks, in order.
template <class A>
void add_columns(A const* partials, std::int64_t blocks, std::int64_t columns, A* sums) {
    constexpr std::int64_t columns_per_team = 256;
    for_each_team(
        "layernorm_dweight", ceil_divide(columns, columns_per_team),
        KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const first = team.league_rank() * columns_per_team;
            std::int64_t const left = columns - first;
            std::int64_t const mine = left < columns_per_team ? left : columns_per_team;
            for (std::int64_t block = 0; block < blocks; ++block) {
                A const* const from = partials + block * columns + first;
                A* const to = sums + first;
                team_for(team, mine, [&](int c) { to[c] += from[c]; });
            }
        });
}

}  // namespace

template <class T>
void layernorm_forward(Context& /*context*/, Matrix<T> input, Vector<T> weight,
                       Vector<accum_t<T>> mean, Vector<accum_t<T>> rstd, Matrix<T> output) {
    using A = accum_t<T>;
    std::int64_t const columns = columns_of(input);
    DNAGPT_EXPECT(columns > 0 && rows_of(weight) == columns && input.size() == output.size());
    DNAGPT_EXPECT(rows_of(mean) >= rows_of(input) && rows_of(rstd) >= rows_of(input));
    T const* const inputs = input.data();
    T const* const weights = weight.data();
    A* const means = mean.data();
    A* const rstds = rstd.data();
    T* const outputs = output.data();
    for_each_team(
        "layernorm_forward", rows_of(input), KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const row = team.league_rank();
            T const* const in = inputs + row * columns;
            T* const out = outputs + row * columns;
            A const sum = team_sum<A>(team, columns, [&](int c) { return static_cast<A>(in[c]); });
            A const row_mean = sum / static_cast<A>(columns);
            A const squares = team_sum<A>(team, columns, [&](int c) {
                A const centred = static_cast<A>(in[c]) - row_mean;
                return centred * centred;
            });
            A const row_rstd =
                A(1) / std::sqrt(squares / static_cast<A>(columns) + A(layernorm_epsilon));
            Kokkos::single(Kokkos::PerTeam(team), [&]() {
                means[row] = row_mean;
                rstds[row] = row_rstd;
            });
            team_for(team, columns, [&](int c) {
                out[c] =
                    T((static_cast<A>(in[c]) - row_mean) * row_rstd * static_cast<A>(weights[c]));
            });
        });
}

template <class T>
void layernorm_scratch(std::int64_t rows, std::int64_t columns, Arena& scratch) {
    ArenaScope const scope(scratch);
    scratch.matrix<accum_t<T>>(ceil_divide(rows, rows_per_block(rows)), columns);
}

template <class T>
void layernorm_backward(Context& context, Matrix<T> input, Vector<T> weight,
                        Vector<accum_t<T>> mean, Vector<accum_t<T>> rstd, Matrix<T> doutput,
                        Matrix<T> dinput, Vector<accum_t<T>> dweight, Write write) {
    std::int64_t const rows = rows_of(input);
    std::int64_t const columns = columns_of(input);
    DNAGPT_EXPECT(input.size() == doutput.size() && input.size() == dinput.size());
    DNAGPT_EXPECT(rows_of(weight) == columns && rows_of(dweight) == columns);
    DNAGPT_EXPECT(write == Write::assign || dinput.data() != doutput.data());
    ArenaScope const scope(context.scratch);
    std::int64_t const blocks = ceil_divide(rows, rows_per_block(rows));
    auto const partials = context.scratch.matrix<accum_t<T>>(blocks, columns);
    Backward<T> const of{rows,        columns,        input.data(),  weight.data(),  mean.data(),
                         rstd.data(), doutput.data(), dinput.data(), partials.data()};
    if (write == Write::add) {
        backward_rows<T, Mode::add>(of);
    } else if (dinput.data() == doutput.data()) {
        backward_rows<T, Mode::in_place>(of);
    } else {
        backward_rows<T, Mode::assign>(of);
    }
    add_columns(partials.data(), blocks, columns, dweight.data());
}

#define DNAGPT_INSTANTIATE(T)                                                                      \
    template void layernorm_forward(Context&, Matrix<T>, Vector<T>, Vector<accum_t<T>>,            \
                                    Vector<accum_t<T>>, Matrix<T>);                                \
    template void layernorm_backward(Context&, Matrix<T>, Vector<T>, Vector<accum_t<T>>,           \
                                     Vector<accum_t<T>>, Matrix<T>, Matrix<T>, Vector<accum_t<T>>, \
                                     Write);                                                       \
    template void layernorm_scratch<T>(std::int64_t, std::int64_t, Arena&);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
