#include "dnagpt/ops/layernorm.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/element_types.hpp"
#include "row_loops.hpp"

namespace dnagpt {
namespace {

/// Rows that one team of the backward pass sums up into one row of partial dweight; depends only
/// on the number of rows, so that the order of the sums does too. A GPU wants more teams than a
/// CPU.
constexpr std::int64_t fewest_rows = on_host ? 16 : 8;
constexpr std::int64_t most_blocks = on_host ? 256 : 1024;
std::int64_t rows_per_block(std::int64_t rows) {
    return std::max(fewest_rows, ceil_divide(rows, most_blocks));
}

/// At least the number of blocks, and no less for more rows: what fits a batch fits a smaller one.
std::int64_t block_room(std::int64_t rows) {
    return std::min(ceil_divide(rows, fewest_rows), most_blocks);
}

/// Elements of shared memory that partial sums may take on a GPU, which has 48 KiB a team.
template <class A>
constexpr std::int64_t shared_elements = (std::int64_t{32} << 10) / std::int64_t{sizeof(A)};

/// A row of the forward pass in packs of `width`.
template <class T, int width>
struct NormaliseRow {
    using A = accum_t<T>;
    std::int64_t columns;
    T const* input;   // (R, C)
    T const* weight;  // (C)
    A* means;         // (R)
    A* rstds;         // (R)
    T* output;        // (R, C)

    template <class Lanes>
    KOKKOS_INLINE_FUNCTION void operator()(Lanes const& lanes, std::int64_t row) const {
        T const* const in = input + row * columns;
        T* const out = output + row * columns;
        A const sum = sum_packs<A, width>(lanes, columns, [&](auto wide, int c) {
            return sum_of(load_pack<A, wide.value>(in + c));
        });
        A const mean = sum / static_cast<A>(columns);
        A const squares = sum_packs<A, width>(lanes, columns, [&](auto wide, int c) {
            auto x = load_pack<A, wide.value>(in + c);
            for (int i = 0; i < wide.value; ++i) {
                x[i] = (x[i] - mean) * (x[i] - mean);
            }
            return sum_of(x);
        });
        A const rstd = A(1) / std::sqrt(squares / static_cast<A>(columns) + A(layernorm_epsilon));
        lanes.once([&]() {
            means[row] = mean;
            rstds[row] = rstd;
        });
        for_packs<width>(lanes, columns, [&](auto wide, int c) {
            auto x = load_pack<A, wide.value>(in + c);
            auto const w = load_pack<A, wide.value>(weight + c);
            for (int i = 0; i < wide.value; ++i) {
                x[i] = (x[i] - mean) * rstd * w[i];
            }
            store_pack(x, out + c);
        });
    }
};

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
template <class T, Mode mode, int width, class Lanes>
KOKKOS_INLINE_FUNCTION void backward_row(Lanes const& lanes, Backward<T> const& of,
                                         std::int64_t row, accum_t<T>* __restrict partial) {
    using A = accum_t<T>;
    T const* __restrict const weight = of.weight;
    T const* __restrict const in = of.input + row * of.columns;
    T* const din = of.dinput + row * of.columns;
    T const* const dout = mode == Mode::in_place ? din : of.doutput + row * of.columns;
    A const mean = of.mean[row];
    A const rstd = of.rstd[row];
    A const gradient_mean =
        sum_packs<A, width>(lanes, of.columns,
                            [&](auto wide, int c) {
                                auto const g = load_pack<A, wide.value>(dout + c);
                                auto const w = load_pack<A, wide.value>(weight + c);
                                return sum_of_products(g, w);
                            }) /
        static_cast<A>(of.columns);
    A const product_mean = sum_packs<A, width>(lanes, of.columns,
                                               [&](auto wide, int c) {
                                                   auto g = load_pack<A, wide.value>(dout + c);
                                                   auto const w =
                                                       load_pack<A, wide.value>(weight + c);
                                                   auto x = load_pack<A, wide.value>(in + c);
                                                   for (int i = 0; i < wide.value; ++i) {
                                                       g[i] *= w[i];
                                                       x[i] = (x[i] - mean) * rstd;
                                                   }
                                                   return sum_of_products(g, x);
                                               }) /
                           static_cast<A>(of.columns);
    for_packs<width>(lanes, of.columns, [&](auto wide, int c) {
        auto const g = load_pack<A, wide.value>(dout + c);
        auto const w = load_pack<A, wide.value>(weight + c);
        auto const x = load_pack<A, wide.value>(in + c);
        Pack<A, wide.value> before{};
        if constexpr (mode == Mode::add) {
            before = load_pack<A, wide.value>(din + c);
        }
        for (int i = 0; i < wide.value; ++i) {
            A const normed = (x[i] - mean) * rstd;
            partial[c + i] += g[i] * normed;
            before[i] += rstd * (g[i] * w[i] - gradient_mean - normed * product_mean);
        }
        store_pack(before, din + c);
    });
}

template <class T, Mode mode, int width>
void backward_rows_by_teams(Backward<T> const& of) {
    std::int64_t const per_block = rows_per_block(of.rows);
    for_each_team(
        "layernorm_backward", ceil_divide(of.rows, per_block), of.columns,
        KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const first = team.league_rank() * per_block;
            std::int64_t const end = first + per_block < of.rows ? first + per_block : of.rows;
            auto* const partial = of.partials + team.league_rank() * of.columns;
            team_for(team, of.columns, [&](int c) { partial[c] = 0; });
            for (std::int64_t row = first; row < end; ++row) {
                backward_row<T, mode, width>(TeamLanes{team}, of, row, partial);
                team.team_barrier();
            }
        });
}

/// The same on a GPU: a warp each row, which adds to partial sums of its own in shared memory.
template <class T, Mode mode, int width>
void backward_rows_by_warps(Backward<T> const& of) {
    using A = accum_t<T>;
    auto const warps = static_cast<int>(std::min<std::int64_t>(shared_elements<A> / of.columns, 8));
    std::int64_t const per_block = rows_per_block(of.rows);
    auto const blocks = static_cast<int>(ceil_divide(of.rows, per_block));
    std::int64_t const columns = of.columns;
    auto const bytes = static_cast<std::size_t>(warps * columns) * sizeof(A);
    ProfileScope const scope("ops", "layernorm_backward");
    Kokkos::parallel_for(
        "layernorm_backward",
        TeamPolicy(blocks, warps, warp_lanes).set_scratch_size(0, Kokkos::PerTeam(bytes)),
        KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const first = team.league_rank() * per_block;
            std::int64_t const left = of.rows - first;
            auto* const sums = static_cast<A*>(team.team_shmem().get_shmem(bytes));
            A* const own = sums + team.team_rank() * columns;
            WarpLanes const lanes{team};
            for_packs<width>(lanes, columns, [&](auto wide, int c) {
                for (int i = 0; i < wide.value; ++i) {
                    own[c + i] = 0;
                }
            });
            Kokkos::parallel_for(
                Kokkos::TeamThreadRange(team,
                                        static_cast<int>(left < per_block ? left : per_block)),
                [&](int row) { backward_row<T, mode, width>(lanes, of, first + row, own); });
            team.team_barrier();
            A* const partial = of.partials + team.league_rank() * columns;
            team_for(team, columns, [&](int c) {
                A sum = 0;
                for (int warp = 0; warp < warps; ++warp) {
                    sum += sums[warp * columns + c];
                }
                partial[c] = sum;
            });
        });
}

template <class T, Mode mode>
void backward_rows(Backward<T> const& of) {
    if (on_host || of.columns > shared_elements<accum_t<T>>) {
        backward_rows_by_teams<T, mode, 1>(of);
    } else if (fits_packs<T>(of.columns, of.input, of.weight, of.doutput, of.dinput)) {
        backward_rows_by_warps<T, mode, pack_width<T>>(of);
    } else {
        backward_rows_by_warps<T, mode, 1>(of);
    }
}

/// sums[c] += partials (blocks, C) over the blocks, in order.
template <class A>
void add_columns_by_teams(A const* partials, std::int64_t blocks, std::int64_t columns, A* sums) {
    constexpr std::int64_t columns_per_team = 256;
    for_each_team(
        "layernorm_dweight", ceil_divide(columns, columns_per_team), columns_per_team,
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

/// The same on a GPU: every warp of a team sums each 16th block of the team's 32 columns.
template <class A>
void add_columns_by_warps(A const* partials, std::int64_t blocks, std::int64_t columns, A* sums) {
    constexpr int warps = 16;
    constexpr auto bytes = sizeof(A) * warps * warp_lanes;
    auto const teams = static_cast<int>(ceil_divide(columns, warp_lanes));
    ProfileScope const scope("ops", "layernorm_dweight");
    Kokkos::parallel_for(
        "layernorm_dweight",
        TeamPolicy(teams, warps, warp_lanes).set_scratch_size(0, Kokkos::PerTeam(bytes)),
        KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const first = team.league_rank() * std::int64_t{warp_lanes};
            std::int64_t const left = columns - first;
            int const mine = static_cast<int>(left < warp_lanes ? left : warp_lanes);
            auto* const shared = static_cast<A*>(team.team_shmem().get_shmem(bytes));
            Kokkos::parallel_for(Kokkos::TeamThreadRange(team, warps), [&](int warp) {
                Kokkos::parallel_for(Kokkos::ThreadVectorRange(team, mine), [&](int c) {
                    A sum = 0;
                    for (std::int64_t block = warp; block < blocks; block += warps) {
                        sum += partials[block * columns + first + c];
                    }
                    shared[warp * warp_lanes + c] = sum;
                });
            });
            team.team_barrier();
            team_for(team, mine, [&](int c) {
                A sum = 0;
                for (int warp = 0; warp < warps; ++warp) {
                    sum += shared[warp * warp_lanes + c];
                }
                sums[first + c] += sum;
            });
        });
}

template <class A>
void add_columns(A const* partials, std::int64_t blocks, std::int64_t columns, A* sums) {
    if constexpr (on_host) {
        add_columns_by_teams(partials, blocks, columns, sums);
    } else {
        add_columns_by_warps(partials, blocks, columns, sums);
    }
}

template <class T, int width>
void normalise_rows(std::int64_t rows, NormaliseRow<T, width> const& row) {
    for_each_row<width>("layernorm_forward", rows, row.columns, row);
}

}  // namespace

template <class T>
void layernorm_forward(Context& /*context*/, Matrix<T> input, Vector<T> weight,
                       Vector<accum_t<T>> mean, Vector<accum_t<T>> rstd, Matrix<T> output) {
    std::int64_t const rows = rows_of(input);
    std::int64_t const columns = columns_of(input);
    DNAGPT_EXPECT(columns > 0 && rows_of(weight) == columns && input.size() == output.size());
    DNAGPT_EXPECT(rows_of(mean) >= rows && rows_of(rstd) >= rows);
    if (fits_packs<T>(columns, input.data(), weight.data(), output.data())) {
        normalise_rows<T, pack_width<T>>(
            rows, {columns, input.data(), weight.data(), mean.data(), rstd.data(), output.data()});
    } else {
        normalise_rows<T, 1>(
            rows, {columns, input.data(), weight.data(), mean.data(), rstd.data(), output.data()});
    }
}

template <class T>
void layernorm_scratch(std::int64_t rows, std::int64_t columns, Arena& scratch) {
    ArenaScope const scope(scratch);
    scratch.matrix<accum_t<T>>(block_room(rows), columns);
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
    auto const partials = context.scratch.matrix<accum_t<T>>(block_room(rows), columns);
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
