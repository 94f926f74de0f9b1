#include "dnagpt/ops/grouped_log_sums.hpp"

#include <cmath>
#include <cstdint>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/element_types.hpp"
#include "dnagpt/ops/fast_math.hpp"
#include "team_loops.hpp"

namespace dnagpt {

template <class T>
void grouped_log_sums(Context& /*context*/, Matrix<T> logits, Matrix<std::int32_t> members,
                      Matrix<double> sums) {
    using A = accum_t<T>;
    std::int64_t const columns = columns_of(logits);
    std::int64_t const groups = rows_of(members);
    std::int64_t const size = columns_of(members);
    DNAGPT_EXPECT(size > 0 && rows_of(sums) == rows_of(logits) && columns_of(sums) == groups);
    T const* const all_logits = logits.data();
    std::int32_t const* const all_members = members.data();
    double* const out = sums.data();
    for_each_team(
        "grouped_log_sums", rows_of(logits) * groups, size, KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const row = team.league_rank() / groups;
            T const* const values = all_logits + row * columns;
            std::int32_t const* const own = all_members + team.league_rank() % groups * size;
            A const largest =
                team_max<A>(team, size, [&](int i) { return static_cast<A>(values[own[i]]); });
            A const sum = team_sum<A>(team, size, [&](int i) {
                return fast_exp(static_cast<A>(values[own[i]]) - largest);
            });
            Kokkos::single(Kokkos::PerTeam(team), [&]() {
                out[team.league_rank()] =
                    static_cast<double>(largest) + std::log(static_cast<double>(sum));
            });
        });
}

#define DNAGPT_INSTANTIATE(T) \
    template void grouped_log_sums(Context&, Matrix<T>, Matrix<std::int32_t>, Matrix<double>);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
