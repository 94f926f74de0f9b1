#include "dnagpt/ops/attention_rows.hpp"

#include <cmath>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/element_types.hpp"
#include "lanes.hpp"
#include "team_loops.hpp"

namespace dnagpt {

template <class T>
void attention_rows(AttentionShape const& shape, Matrix<T> qkv, Vector<std::int32_t> queries,
                    Matrix<float> rows) {
    using A = accum_t<T>;
    std::int64_t const heads = shape.heads;
    std::int64_t const dimension = shape.head_dimension;
    std::int64_t const channels = heads * dimension;
    std::int64_t const context_length = shape.context_length;
    DNAGPT_EXPECT(rows_of(qkv) == shape.batch * context_length && columns_of(qkv) == 3 * channels);
    DNAGPT_EXPECT(rows_of(rows) == rows_of(queries) * heads && columns_of(rows) == context_length);
    A const scale = A(1) / std::sqrt(static_cast<A>(dimension));
    T const* const operand = qkv.data();
    std::int32_t const* const at = queries.data();
    float* const out = rows.data();
    for_each_team(
        "attention_rows", rows_of(queries) * heads, context_length,
        KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const position = at[team.league_rank() / heads];
            std::int64_t const head = team.league_rank() % heads;
            std::int64_t const length = position % context_length + 1;
            std::int64_t const first = position + 1 - length;
            T const* const query = operand + 3 * position * channels + head * dimension;
            T const* const key = operand + (3 * first + 1) * channels + head * dimension;
            float* const row = out + team.league_rank() * context_length;
            team_for(team, length, [&](int t) {
                A const score = dot_product<A>(query, key + 3 * t * channels, dimension) * scale;
                row[t] = static_cast<float>(score);
            });
            team.team_barrier();
            float const largest = team_max<float>(team, length, [&](int t) { return row[t]; });
            team_for(team, length, [&](int t) { row[t] = std::exp(row[t] - largest); });
            team.team_barrier();
            float const total = team_sum<float>(team, length, [&](int t) { return row[t]; });
            team_for(team, context_length,
                     [&](int t) { row[t] = t < length ? row[t] / total : 0; });
        });
}

#define DNAGPT_INSTANTIATE(T)                                                            \
    template void attention_rows(AttentionShape const&, Matrix<T>, Vector<std::int32_t>, \
                                 Matrix<float>);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
