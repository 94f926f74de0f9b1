#include "dnagpt/ops/cached_attention.hpp"

#include <cmath>
#include <cstdint>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/element_types.hpp"
#include "dnagpt/ops/fast_math.hpp"
#include "lanes.hpp"
#include "team_loops.hpp"

namespace dnagpt {
namespace {

template <class T>
void store_position(CacheShape const& shape, Matrix<T> qkv, Vector<std::int32_t> positions,
                    Matrix<T> keys, Matrix<T> values) {
    std::int64_t const channels = shape.channels();
    std::int64_t const capacity = shape.capacity;
    std::int64_t const heads = shape.heads;
    std::int64_t const dimension = shape.head_dimension;
    T const* const fresh = qkv.data();
    std::int32_t const* const at = positions.data();
    T* const key_rows = keys.data();
    T* const value_rows = values.data();
    for_each_team(
        "cached_attention_store", shape.rows * heads, dimension, KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const row = team.league_rank() / heads;
            std::int64_t const to = (team.league_rank() * capacity + at[row]) * dimension;
            T const* const key =
                fresh + (3 * row + 1) * channels + team.league_rank() % heads * dimension;
            team_for(team, dimension, [&](int d) {
                key_rows[to + d] = key[d];
                value_rows[to + d] = key[channels + d];
            });
        });
}

}  // namespace

template <class T>
void cached_attention_forward(Context& context, CacheShape const& shape, Matrix<T> qkv,
                              Vector<std::int32_t> positions, Matrix<T> keys, Matrix<T> values,
                              Matrix<T> output) {
    using A = accum_t<T>;
    DNAGPT_EXPECT(rows_of(qkv) == shape.rows && rows_of(positions) == shape.rows &&
                  rows_of(output) == shape.rows && columns_of(qkv) == 3 * shape.channels());
    store_position(shape, qkv, positions, keys, values);
    ArenaScope const scope(context.scratch);
    A* const all_scores =
        context.scratch.vector<A>(shape.rows * shape.heads * shape.capacity).data();
    std::int64_t const channels = shape.channels();
    std::int64_t const dimension = shape.head_dimension;
    std::int64_t const heads = shape.heads;
    std::int64_t const capacity = shape.capacity;
    A const scale = A(1) / std::sqrt(static_cast<A>(dimension));
    T const* const queries = qkv.data();
    std::int32_t const* const at = positions.data();
    T const* const key_rows = keys.data();
    T const* const value_rows = values.data();
    T* const out = output.data();
    for_each_team(
        "cached_attention_forward", shape.rows * heads, capacity, KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const row = team.league_rank() / heads;
            std::int64_t const first_channel = team.league_rank() % heads * dimension;
            std::int64_t const length = at[row] + 1;
            A* const scores = all_scores + team.league_rank() * capacity;
            T const* const query = queries + 3 * row * channels + first_channel;
            T const* const key = key_rows + team.league_rank() * capacity * dimension;
            T const* const value = value_rows + team.league_rank() * capacity * dimension;
            team_for(team, length, [&](int t) {
                scores[t] = dot_product<A>(query, key + t * dimension, dimension) * scale;
            });
            team.team_barrier();
            A const largest = team_max<A>(team, length, [&](int t) { return scores[t]; });
            team_for(team, length, [&](int t) { scores[t] = fast_exp(scores[t] - largest); });
            team.team_barrier();
            A const total = team_sum<A>(team, length, [&](int t) { return scores[t]; });
            T* const to = out + row * channels + first_channel;
            team_for(team, ceil_divide(dimension, lane_count), [&](int block) {
                std::int64_t const first = block * lane_count;
                std::int64_t const left = dimension - first;
                weighted_sum(scores, value + first, dimension, length, A(1) / total,
                             static_cast<int>(left < lane_count ? left : lane_count), to + first);
            });
        });
}

template <class T>
void cached_attention_scratch(CacheShape const& shape, Arena& scratch) {
    scratch.vector<accum_t<T>>(shape.rows * shape.heads * shape.capacity);
}

#define DNAGPT_INSTANTIATE(T)                                                                      \
    template void cached_attention_forward(Context&, CacheShape const&, Matrix<T>,                 \
                                           Vector<std::int32_t>, Matrix<T>, Matrix<T>, Matrix<T>); \
    template void cached_attention_scratch<T>(CacheShape const&, Arena&);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
