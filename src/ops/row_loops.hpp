#pragma once

#include <cstdint>

#include "packs.hpp"
#include "team_loops.hpp"

namespace dnagpt {

/// The threads that work on a row: a whole team.
struct TeamLanes {
    Team const& team;

    KOKKOS_INLINE_FUNCTION auto range(std::int64_t count) const {
        return Kokkos::TeamVectorRange(team, static_cast<int>(count));
    }
    template <class Work>
    KOKKOS_INLINE_FUNCTION void once(Work const& work) const {
        Kokkos::single(Kokkos::PerTeam(team), work);
    }
};

/// Or one warp of it, whose sums need no barrier.
struct WarpLanes {
    Team const& team;

    KOKKOS_INLINE_FUNCTION auto range(std::int64_t count) const {
        return Kokkos::ThreadVectorRange(team, static_cast<int>(count));
    }
    template <class Work>
    KOKKOS_INLINE_FUNCTION void once(Work const& work) const {
        Kokkos::single(Kokkos::PerThread(team), work);
    }
};

/// body(Width, c) for every pack of a row's `count` elements.
template <int width, class Lanes, class Body>
KOKKOS_INLINE_FUNCTION void for_packs(Lanes const& lanes, std::int64_t count, Body const& body) {
    Kokkos::parallel_for(lanes.range(pack_count<width>(count)),
                         [&](int i) { visit_pack<width>(i, count, body); });
}

/// The sum of term(Width, c) over the packs of `count` elements, on every lane.
template <class A, int width, class Lanes, class Term>
KOKKOS_INLINE_FUNCTION A sum_packs(Lanes const& lanes, std::int64_t count, Term const& term) {
    A sum = 0;
    Kokkos::parallel_reduce(
        lanes.range(pack_count<width>(count)),
        [&](int i, A& partial) { partial += visit_pack<width>(i, count, term); },
        Kokkos::Sum<A>(sum));
    return sum;
}

/// The largest of them.
template <class A, int width, class Lanes, class Term>
KOKKOS_INLINE_FUNCTION A max_packs(Lanes const& lanes, std::int64_t count, Term const& term) {
    A largest = 0;
    Kokkos::parallel_reduce(
        lanes.range(pack_count<width>(count)),
        [&](int i, A& partial) {
            A const candidate = visit_pack<width>(i, count, term);
            partial = candidate > partial ? candidate : partial;
        },
        Kokkos::Max<A>(largest));
    return largest;
}

/// row(TeamLanes, r) for r < rows, a team each, which loops over `length` packs.
template <class Row>
void for_each_row_by_teams(char const* name, std::int64_t rows, std::int64_t length,
                           Row const& row) {
    for_each_team(
        name, rows, length,
        KOKKOS_LAMBDA(Team const& team) { row(TeamLanes{team}, team.league_rank()); });
}

/// row(WarpLanes, r) for r < rows, a warp each.
template <class Row>
void for_each_row_by_warps(char const* name, std::int64_t rows, Row const& row) {
    constexpr int warps = 4;
    ProfileScope const scope("ops", name);
    Kokkos::parallel_for(
        name, TeamPolicy(static_cast<int>(ceil_divide(rows, warps)), warps, warp_lanes),
        KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const first = team.league_rank() * std::int64_t{warps};
            Kokkos::parallel_for(Kokkos::TeamThreadRange(team, warps), [&](int warp) {
                if (first + warp < rows) {
                    row(WarpLanes{team}, first + warp);
                }
            });
        });
}

/// row(lanes, r) for r < rows of `columns` elements in packs of `width`: the threads that suit rows
/// of that length. `row` is an object of plain pointers and extents.
template <int width, class Row>
void for_each_row(char const* name, std::int64_t rows, std::int64_t columns, Row const& row) {
    constexpr std::int64_t longest_for_a_warp = 16 * warp_lanes;
    std::int64_t const length = pack_count<width>(columns);
    if constexpr (!on_host) {
        if (rows > 0 && length <= longest_for_a_warp) {
            for_each_row_by_warps(name, rows, row);
            return;
        }
    }
    for_each_row_by_teams(name, rows, length, row);
}

}  // namespace dnagpt
