#pragma once

#include <cstdint>

#include "team_loops.hpp"

namespace dnagpt {

/// Neighbouring elements that a thread of a GPU reads or writes at once: 16 bytes. On CPUs 1: there
/// the compiler makes vectors of plain loops.
template <class T>
inline constexpr int pack_width = on_host ? 1 : static_cast<int>(16 / sizeof(T));

/// Whether rows of T that begin at these addresses and then every `stride` elements can be read in
/// packs of pack_width<T>.
template <class T, class... Pointers>
bool fits_packs(std::int64_t stride, Pointers const*... rows) {
    auto const is_aligned = [](void const* address) {
        return reinterpret_cast<std::uintptr_t>(address) % 16 == 0;
    };
    return stride % pack_width<T> == 0 && (is_aligned(rows) && ...);
}

/// A number known to the compiler, as the argument of a generic lambda.
template <int n>
struct Width {
    static constexpr int value = n;
};

/// Values of a pack in the type that they are worked on in.
template <class A, int width>
struct Pack {
    A values[width];

    KOKKOS_INLINE_FUNCTION A& operator[](int i) { return values[i]; }
    KOKKOS_INLINE_FUNCTION A operator[](int i) const { return values[i]; }
};

/// The same as they stand in memory.
template <class T, int width>
struct alignas(sizeof(T) * width) StoredPack {
    T values[width];
};

template <class A, int width, class T>
KOKKOS_INLINE_FUNCTION Pack<A, width> load_pack(T const* from) {
    if constexpr (width == 1) {
        return {static_cast<A>(*from)};
    } else {
        auto const stored = *reinterpret_cast<StoredPack<T, width> const*>(from);
        Pack<A, width> pack;
        for (int i = 0; i < width; ++i) {
            pack[i] = static_cast<A>(stored.values[i]);
        }
        return pack;
    }
}

template <class T, class A, int width>
KOKKOS_INLINE_FUNCTION void store_pack(Pack<A, width> const& pack, T* to) {
    if constexpr (width == 1) {
        *to = T(pack[0]);
    } else {
        StoredPack<T, width> stored;
        for (int i = 0; i < width; ++i) {
            stored.values[i] = T(pack[i]);
        }
        *reinterpret_cast<StoredPack<T, width>*>(to) = stored;
    }
}

template <class A, int width>
KOKKOS_INLINE_FUNCTION A sum_of(Pack<A, width> const& x) {
    A sum = x[0];
    for (int i = 1; i < width; ++i) {
        sum += x[i];
    }
    return sum;
}

template <class A, int width>
KOKKOS_INLINE_FUNCTION A sum_of_products(Pack<A, width> const& x, Pack<A, width> const& y) {
    A sum = x[0] * y[0];
    for (int i = 1; i < width; ++i) {
        sum += x[i] * y[i];
    }
    return sum;
}

/// Whole packs of `count` elements and the elements behind the last.
template <int width>
KOKKOS_INLINE_FUNCTION std::int64_t pack_count(std::int64_t count) {
    return count / width + count % width;
}

/// visit(Width<width>, c) for pack i of those, c its first element; visit(Width<1>, c) for an
/// element behind the last whole one.
template <int width, class Visit>
KOKKOS_INLINE_FUNCTION auto visit_pack(int i, std::int64_t count, Visit const& visit) {
    if constexpr (width > 1) {
        int const whole = static_cast<int>(count / width);
        if (i >= whole) {
            return visit(Width<1>(), whole * width + i - whole);
        }
    }
    return visit(Width<width>(), i * width);
}

}  // namespace dnagpt
