#pragma once

#include <algorithm>
#include <cstdint>

#include "dnagpt/ops/context.hpp"
#include "dnagpt/ops/reduction.hpp"
#include "team_loops.hpp"

namespace dnagpt {

/// sum[0] += the sum of term(i) for i < count: each of at most reduction_blocks teams sums a block
/// in type A, one team sums the blocks in double. The blocks depend on count alone.
template <class A, class Term>
void add_block_sums(char const* name, Context& context, std::int64_t count, Term const& term,
                    Vector<double> const& sum) {
    if (count == 0) {
        return;
    }
    std::int64_t const length = std::max(block_length, ceil_divide(count, reduction_blocks));
    std::int64_t const blocks = ceil_divide(count, length);
    ArenaScope const scope(context.scratch);
    double* const partials = context.scratch.vector<double>(blocks).data();
    for_each_team(
        name, blocks, length, KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const first = team.league_rank() * length;
            std::int64_t const left = count - first;
            A const partial = team_sum<A>(team, left < length ? left : length,
                                          [&](int i) { return term(first + i); });
            Kokkos::single(Kokkos::PerTeam(team),
                           [&]() { partials[team.league_rank()] = static_cast<double>(partial); });
        });
    double* const total = sum.data();
    for_each_team(
        name, 1, blocks, KOKKOS_LAMBDA(Team const& team) {
            double const added =
                team_sum<double>(team, blocks, [&](int block) { return partials[block]; });
            Kokkos::single(Kokkos::PerTeam(team), [&]() { total[0] += added; });
        });
}

}  // namespace dnagpt
