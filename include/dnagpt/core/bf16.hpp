#pragma once

#include <bit>
#include <cstdint>

#if defined(__CUDACC__)
#define DNAGPT_FUNCTION __host__ __device__ inline
#else
#define DNAGPT_FUNCTION inline
#endif

namespace dnagpt {

/// bfloat16: the upper half of a float. Storage only: arithmetic happens in float. The layout
/// equals the vendors' types, so that pointers may be handed to them.
struct bf16 {
    std::uint16_t bits;

    bf16() = default;
    /// Rounded to nearest, ties to even. On CPUs a NaN stays a NaN if it is one that arithmetic
    /// makes or a widened bf16: its lower half is zero then, and nothing carries over. Others,
    /// which only a wrong memory access could bring, are not looked for: that took a fifth of a
    /// kernel. GPUs make NaNs with all bits set.
    DNAGPT_FUNCTION explicit bf16(float value) {
        auto const word = __builtin_bit_cast(std::uint32_t, value);
        bits = static_cast<std::uint16_t>((word + 0x7fffU + ((word >> 16) & 1U)) >> 16);
#if defined(__CUDA_ARCH__)
        if ((word & 0x7fffffffU) > 0x7f800000U) {
            bits = 0x7fff;
        }
#endif
    }
    DNAGPT_FUNCTION operator float() const {
        return __builtin_bit_cast(float, static_cast<std::uint32_t>(bits) << 16);
    }
};
static_assert(sizeof(bf16) == 2);

/// The type in which sums over T are taken and in which gradients of weights are kept.
template <class T>
struct Accumulation {
    using type = T;
};
template <>
struct Accumulation<bf16> {
    using type = float;
};
template <class T>
using accum_t = typename Accumulation<T>::type;

/// Rounding error of one stored T, half a unit in the last place relative to the value.
template <class T>
constexpr double unit_roundoff();
template <>
constexpr double unit_roundoff<bf16>() {
    return 0x1.0p-8;
}
template <>
constexpr double unit_roundoff<float>() {
    return 0x1.0p-24;
}
template <>
constexpr double unit_roundoff<double>() {
    return 0x1.0p-53;
}

}  // namespace dnagpt
