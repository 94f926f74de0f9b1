#pragma once

#include <algorithm>
#include <cstdint>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/profile.hpp"
#include "dnagpt/device/views.hpp"

namespace dnagpt {

using TeamPolicy = Kokkos::TeamPolicy<ExecutionSpace>;
using Team = TeamPolicy::member_type;

/// Threads of a GPU that run in step, the vector lanes of a Kokkos thread there.
inline constexpr int warp_lanes = 32;

/// Elements that one team of an elementwise kernel works on.
inline constexpr std::int64_t block_length = 4096;

KOKKOS_INLINE_FUNCTION std::int64_t ceil_divide(std::int64_t count, std::int64_t part) {
    return (count + part - 1) / part;
}

/// `teams` teams whose loops have about `length` turns. On CPUs of the size that the backend takes
/// to suit the kernel; on GPUs of warps, so many that each thread has four turns at once to wait
/// for.
inline TeamPolicy teams_of(std::int64_t teams, std::int64_t length) {
    if constexpr (on_host) {
        return TeamPolicy(static_cast<int>(teams), Kokkos::AUTO);
    } else {
        constexpr std::int64_t most_warps = 16;
        auto const warps =
            std::clamp<std::int64_t>(ceil_divide(length, 4 * warp_lanes), 1, most_warps);
        return TeamPolicy(static_cast<int>(teams), static_cast<int>(warps), warp_lanes);
    }
}

/// body(team) for each of `teams` teams whose loops have about `length` turns.
template <class Body>
void for_each_team(char const* name, std::int64_t teams, std::int64_t length, Body const& body) {
    if (teams > 0) {
        ProfileScope const scope("ops", name);
        Kokkos::parallel_for(name, teams_of(teams, length), body);
    }
}

/// body(i) for i < count, spread over the team's threads and vector lanes.
template <class Body>
KOKKOS_INLINE_FUNCTION void team_for(Team const& team, std::int64_t count, Body const& body) {
    Kokkos::parallel_for(Kokkos::TeamVectorRange(team, static_cast<int>(count)), body);
}

/// The sum of term(i) for i < count, on every thread of the team.
template <class A, class Term>
KOKKOS_INLINE_FUNCTION A team_sum(Team const& team, std::int64_t count, Term const& term) {
    A sum = 0;
    Kokkos::parallel_reduce(
        Kokkos::TeamVectorRange(team, static_cast<int>(count)),
        [&](int i, A& partial) { partial += term(i); }, Kokkos::Sum<A>(sum));
    return sum;
}

/// The largest term(i) for i < count, on every thread of the team.
template <class A, class Term>
KOKKOS_INLINE_FUNCTION A team_max(Team const& team, std::int64_t count, Term const& term) {
    A largest = 0;
    Kokkos::parallel_reduce(
        Kokkos::TeamVectorRange(team, static_cast<int>(count)),
        [&](int i, A& partial) {
            A const candidate = term(i);
            partial = candidate > partial ? candidate : partial;
        },
        Kokkos::Max<A>(largest));
    return largest;
}

/// body(i) for i < count in blocks of block_length. `body` holds plain pointers.
template <class Body>
void for_each_element(char const* name, std::int64_t count, Body const& body) {
    for_each_team(
        name, ceil_divide(count, block_length), block_length, KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const first = team.league_rank() * block_length;
            std::int64_t const left = count - first;
            team_for(team, left < block_length ? left : block_length,
                     [&](int i) { body(first + i); });
        });
}

}  // namespace dnagpt
