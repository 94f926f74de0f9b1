#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "dnagpt/device/arena.hpp"
#include "dnagpt/ops/attention.hpp"
#include "dnagpt/ops/fast_math.hpp"
#include "team_loops.hpp"

namespace dnagpt {

/// Queries and keys of a tile, and heads that pass through the tiles together: large enough for the
/// products, small enough for a core's cache.
inline constexpr std::int64_t tile_length = 128;
inline constexpr std::int64_t heads_together = 4;

/// Heads first_head .. first_head + heads - 1 of one sequence.
struct HeadGroup {
    std::int64_t sequence;
    std::int64_t first_head;
    std::int64_t heads;
    std::int64_t context_length;
    std::int64_t head_dimension;
    std::int64_t all_heads;

    std::int64_t channels() const { return all_heads * head_dimension; }
    std::int64_t first_row() const { return sequence * context_length; }
    /// Where the group begins in an array (B, H, T).
    std::int64_t first_statistic() const {
        return (sequence * all_heads + first_head) * context_length;
    }
    std::int64_t elements() const { return heads * context_length * head_dimension; }
};

/// Queries against keys of every head of a group; keys never begin behind the queries.
struct Tile {
    std::int64_t first_query;
    std::int64_t queries;
    std::int64_t first_key;
    std::int64_t keys;
};

template <class T>
struct ForwardScratch {
    using A = accum_t<T>;
    T* qkv;            // (3, heads, T, D), where products want rows without gaps
    A* scores;         // (heads, queries, keys)
    T* probabilities;  // (heads, queries, keys), not yet divided by row_sum; scores if T is A
    A* sums;           // (heads, queries, D)
    A* row_max;        // (heads, queries)
    A* row_sum;        // (heads, queries)

    ForwardScratch(AttentionShape const& shape, Arena& scratch) {
        std::int64_t const heads = std::min(heads_together, shape.heads);
        std::int64_t const rows = heads * std::min(tile_length, shape.context_length);
        std::int64_t const keys = std::min(tile_length, shape.context_length);
        qkv = scratch.vector<T>(3 * heads * shape.context_length * shape.head_dimension).data();
        scores = scratch.vector<A>(rows * keys).data();
        if constexpr (std::is_same_v<T, A>) {
            probabilities = scores;
        } else {
            probabilities = scratch.vector<T>(rows * keys).data();
        }
        sums = scratch.vector<A>(rows * shape.head_dimension).data();
        row_max = scratch.vector<A>(rows).data();
        row_sum = scratch.vector<A>(rows).data();
    }
};

template <class T>
struct BackwardScratch {
    using A = accum_t<T>;
    T* qkv;             // (3, heads, T, D), where products want rows without gaps
    T* doutput;         // (heads, T, D), likewise
    A* dqkv;            // (3, heads, T, D)
    A* row_dot;         // (heads, T): sum of doutput output
    A* scores;          // (heads, queries, keys)
    A* dprobabilities;  // (heads, queries, keys)
    T* probabilities;   // (heads, queries, keys)
    T* dscores;         // (heads, queries, keys)

    BackwardScratch(AttentionShape const& shape, Arena& scratch) {
        std::int64_t const heads = std::min(heads_together, shape.heads);
        std::int64_t const elements = heads * shape.context_length * shape.head_dimension;
        std::int64_t const keys = std::min(tile_length, shape.context_length);
        qkv = scratch.vector<T>(3 * elements).data();
        doutput = scratch.vector<T>(elements).data();
        dqkv = scratch.vector<A>(3 * elements).data();
        row_dot = scratch.vector<A>(heads * shape.context_length).data();
        scores = scratch.vector<A>(heads * keys * keys).data();
        dprobabilities = scratch.vector<A>(heads * keys * keys).data();
        probabilities = scratch.vector<T>(heads * keys * keys).data();
        dscores = scratch.vector<T>(heads * keys * keys).data();
    }
};

/// to (parts, heads, T, D) = the group's columns of from (B T, parts C).
template <class T>
void pack_heads(HeadGroup const& group, std::int64_t parts, T const* from, T* to) {
    std::int64_t const width = parts * group.channels();
    std::int64_t const dimension = group.head_dimension;
    for_each_team(
        "attention pack", group.context_length, dimension, KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const position = team.league_rank();
            T const* const row = from + (group.sequence * group.context_length + position) * width;
            for (std::int64_t array = 0; array < parts * group.heads; ++array) {
                std::int64_t const head = group.first_head + array % group.heads;
                std::int64_t const part = array / group.heads;
                T const* __restrict const source =
                    row + (part * group.all_heads + head) * dimension;
                T* __restrict const target =
                    to + (array * group.context_length + position) * dimension;
                team_for(team, dimension, [=](int d) { target[d] = source[d]; });
            }
        });
}

/// The group's columns of to (B T, parts C) = from (parts, heads, T, D), rounded to T.
template <class T>
void unpack_heads(HeadGroup const& group, std::int64_t parts, accum_t<T> const* from, T* to) {
    std::int64_t const width = parts * group.channels();
    std::int64_t const dimension = group.head_dimension;
    for_each_team(
        "attention unpack", group.context_length, dimension, KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const position = team.league_rank();
            T* const row = to + (group.sequence * group.context_length + position) * width;
            for (std::int64_t array = 0; array < parts * group.heads; ++array) {
                std::int64_t const head = group.first_head + array % group.heads;
                std::int64_t const part = array / group.heads;
                accum_t<T> const* __restrict const source =
                    from + (array * group.context_length + position) * dimension;
                T* __restrict const target = row + (part * group.all_heads + head) * dimension;
                team_for(team, dimension, [=](int d) { target[d] = T(source[d]); });
            }
        });
}

/// Keys of the tile that row `row` of all its heads' rows may see.
KOKKOS_INLINE_FUNCTION std::int64_t visible_keys(Tile const& tile, std::int64_t row) {
    std::int64_t const query = tile.first_query + row % tile.queries;
    std::int64_t const visible = query - tile.first_key + 1;
    return visible < tile.keys ? visible : tile.keys;
}

/// probabilities (keys) = weights of the visible keys, 0 for the others. They may be one array.
template <class T>
KOKKOS_INLINE_FUNCTION void store_probabilities(Team const& team, std::int64_t visible,
                                                std::int64_t keys, accum_t<T> const* weights,
                                                T* probabilities) {
    if constexpr (!std::is_same_v<T, accum_t<T>>) {
        T* __restrict const target = probabilities;
        team_for(team, visible, [=](int c) { target[c] = T(weights[c]); });
    }
    team_for(team, keys - visible, [=](int c) { probabilities[visible + c] = T(accum_t<T>(0)); });
}

/// Online softmax of one tile (Milakov, Gimelshein 2018, algorithm 3; Rabe, Staats 2021):
/// probabilities = exp(scale scores - row_max), the sums so far are brought to the new row_max.
template <class T>
void softmax_tile(HeadGroup const& group, Tile const& tile, ForwardScratch<T> const& scratch) {
    using A = accum_t<T>;
    A const scale = A(1) / std::sqrt(static_cast<A>(group.head_dimension));
    bool const first_tile = tile.first_key == 0;
    for_each_team(
        "attention softmax", group.heads * tile.queries, tile.keys,
        KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const row = team.league_rank();
            std::int64_t const visible = visible_keys(tile, row);
            A* __restrict const scores = scratch.scores + row * tile.keys;
            A* __restrict const sums = scratch.sums + row * group.head_dimension;
            A const tile_max = scale * team_max<A>(team, visible, [=](int c) { return scores[c]; });
            A const old_max = first_tile ? tile_max : scratch.row_max[row];
            A const new_max = old_max > tile_max ? old_max : tile_max;
            team_for(team, visible,
                     [=](int c) { scores[c] = fast_exp(scale * scores[c] - new_max); });
            A const sum = team_sum<A>(team, visible, [=](int c) { return scores[c]; });
            store_probabilities(team, visible, tile.keys, scores,
                                scratch.probabilities + row * tile.keys);
            A const shrink = first_tile ? A(0) : fast_exp(old_max - new_max);
            if (!first_tile) {
                team_for(team, group.head_dimension, [=](int d) { sums[d] *= shrink; });
            }
            Kokkos::single(Kokkos::PerTeam(team), [&]() {
                A const old_sum = first_tile ? A(0) : shrink * scratch.row_sum[row];
                scratch.row_sum[row] = old_sum + sum;
                scratch.row_max[row] = new_max;
            });
        });
}

/// output = sums / row_sum, log_sum_exp = row_max + log row_sum, for the queries of `tile`.
template <class T>
void finish_queries(HeadGroup const& group, Tile const& tile, ForwardScratch<T> const& scratch,
                    T* output, accum_t<T>* log_sum_exp) {
    using A = accum_t<T>;
    A* const statistics = log_sum_exp + group.first_statistic();
    T* const rows = output + (group.first_row() + tile.first_query) * group.channels();
    std::int64_t const channels = group.channels();
    for_each_team(
        "attention finish", group.heads * tile.queries, group.head_dimension,
        KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const row = team.league_rank();
            std::int64_t const head = row / tile.queries;
            std::int64_t const query = row % tile.queries;
            A const inverse = A(1) / scratch.row_sum[row];
            A const* __restrict const sums = scratch.sums + row * group.head_dimension;
            T* __restrict const target =
                rows + query * channels + (group.first_head + head) * group.head_dimension;
            team_for(team, group.head_dimension, [=](int d) { target[d] = T(sums[d] * inverse); });
            Kokkos::single(Kokkos::PerTeam(team), [&]() {
                statistics[head * group.context_length + tile.first_query + query] =
                    scratch.row_max[row] + std::log(scratch.row_sum[row]);
            });
        });
}

/// row_dot = sum of doutput output over D.
template <class T>
void begin_backward(HeadGroup const& group, T const* output, T const* doutput,
                    BackwardScratch<T> const& scratch) {
    using A = accum_t<T>;
    std::int64_t const channels = group.channels();
    T const* const outputs = output + group.first_row() * channels;
    T const* const doutputs = doutput + group.first_row() * channels;
    for_each_team(
        "attention row dot", group.heads * group.context_length, group.head_dimension,
        KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const row = team.league_rank();
            std::int64_t const head = group.first_head + row / group.context_length;
            std::int64_t const first =
                row % group.context_length * channels + head * group.head_dimension;
            T const* __restrict const out = outputs + first;
            T const* __restrict const dout = doutputs + first;
            A const dot = team_sum<A>(team, group.head_dimension, [=](int d) {
                return static_cast<A>(out[d]) * static_cast<A>(dout[d]);
            });
            Kokkos::single(Kokkos::PerTeam(team), [&]() { scratch.row_dot[row] = dot; });
        });
}

/// probabilities = exp(scale scores - log_sum_exp), dscores = scale probabilities (dprobabilities -
/// row_dot) (Dao et al. 2022, appendix B.4).
template <class T>
void differentiate_tile(HeadGroup const& group, Tile const& tile, accum_t<T> const* log_sum_exp,
                        BackwardScratch<T> const& scratch) {
    using A = accum_t<T>;
    A const scale = A(1) / std::sqrt(static_cast<A>(group.head_dimension));
    A const* const statistics = log_sum_exp + group.first_statistic();
    for_each_team(
        "attention differentiate", group.heads * tile.queries, tile.keys,
        KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const row = team.league_rank();
            std::int64_t const statistic =
                row / tile.queries * group.context_length + tile.first_query + row % tile.queries;
            std::int64_t const visible = visible_keys(tile, row);
            A const normaliser = statistics[statistic];
            A const row_dot = scratch.row_dot[statistic];
            A const* __restrict const scores = scratch.scores + row * tile.keys;
            A const* __restrict const dprobabilities = scratch.dprobabilities + row * tile.keys;
            T* __restrict const probabilities = scratch.probabilities + row * tile.keys;
            T* __restrict const dscores = scratch.dscores + row * tile.keys;
            team_for(team, visible, [=](int c) {
                A const weight = fast_exp(scale * scores[c] - normaliser);
                probabilities[c] = T(weight);
                dscores[c] = T(scale * weight * (dprobabilities[c] - row_dot));
            });
            team_for(team, tile.keys - visible, [=](int c) {
                probabilities[visible + c] = T(A(0));
                dscores[visible + c] = T(A(0));
            });
        });
}

}  // namespace dnagpt
