#pragma once

#include <cstdint>

#include "packs.hpp"
#include "team_loops.hpp"

namespace dnagpt {

/// body(Width, i) for every pack of `count` elements, in blocks of block_length. `body` is an
/// object of plain pointers.
template <int width, class Body>
void for_each_pack(char const* name, std::int64_t count, Body const& body) {
    for_each_team(
        name, ceil_divide(count, block_length), block_length / width,
        KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const first = team.league_rank() * block_length;
            std::int64_t const left = count - first;
            std::int64_t const mine = left < block_length ? left : block_length;
            team_for(team, pack_count<width>(mine), [&](int p) {
                visit_pack<width>(p, mine, [&](auto wide, int i) { body(wide, first + i); });
            });
        });
}

/// out[i] = function(in[i]), worked on in A.
template <class A, class In, class Out, class Function>
struct MapElements {
    In const* in;
    Out* out;
    Function function;

    template <int width>
    KOKKOS_INLINE_FUNCTION void operator()(Width<width> /*wide*/, std::int64_t i) const {
        auto x = load_pack<A, width>(in + i);
        for (int k = 0; k < width; ++k) {
            x[k] = function(x[k]);
        }
        store_pack(x, out + i);
    }
};

/// out[i] = function(out[i], in[i]), worked on in A.
template <class A, class In, class Out, class Function>
struct UpdateElements {
    In const* in;
    Out* out;
    Function function;

    template <int width>
    KOKKOS_INLINE_FUNCTION void operator()(Width<width> /*wide*/, std::int64_t i) const {
        auto const x = load_pack<A, width>(in + i);
        auto y = load_pack<A, width>(out + i);
        for (int k = 0; k < width; ++k) {
            y[k] = function(y[k], x[k]);
        }
        store_pack(y, out + i);
    }
};

/// out[i] = function(a[i], b[i]), worked on in A; out is neither a nor b.
template <class A, class T, class Function>
struct CombineElements {
    T const* a;
    T const* b;
    T* out;
    Function function;

    template <int width>
    KOKKOS_INLINE_FUNCTION void operator()(Width<width> /*wide*/, std::int64_t i) const {
        auto x = load_pack<A, width>(a + i);
        auto const y = load_pack<A, width>(b + i);
        for (int k = 0; k < width; ++k) {
            x[k] = function(x[k], y[k]);
        }
        store_pack(x, out + i);
    }
};

/// for_each_pack with packs of T where these arrays allow it.
template <class T, class Body, class... Arrays>
void for_each_fitting_pack(char const* name, std::int64_t count, Body const& body,
                           Arrays const*... arrays) {
    if (fits_packs<T>(0, arrays...)) {
        for_each_pack<pack_width<T>>(name, count, body);
    } else {
        for_each_pack<1>(name, count, body);
    }
}

}  // namespace dnagpt
