#pragma once

#include <cmath>
#include <cstdint>

#include "dnagpt/core/bf16.hpp"

namespace dnagpt {

/// exp(x) without branches, so that loops over it become vector code: x = n ln 2 + r, a polynomial
/// of degree 6 in r (Cephes' expf), times 2^n by exponent bits. Relative error below 2^-22 for
/// x in [-87.3, 88.3]; 0 below -88, exp(88.3) above.
DNAGPT_FUNCTION float fast_exp(float x) {
    constexpr float lowest = -88.0F;  // n is -127 there and the power 0
    constexpr float highest = 88.3F;
    float const inside = x < lowest ? lowest : (x > highest ? highest : x);
    float const turns = inside * 1.44269504F;
    auto const n = static_cast<std::int32_t>(turns + std::copysign(0.5F, turns));
    auto const whole = static_cast<float>(n);
    float const r = std::fma(whole, 2.12194440e-4F, std::fma(whole, -0.693359375F, inside));
    float series = 1.9875691500e-4F;
    series = std::fma(series, r, 1.3981999507e-3F);
    series = std::fma(series, r, 8.3334519073e-3F);
    series = std::fma(series, r, 4.1665795894e-2F);
    series = std::fma(series, r, 1.6666665459e-1F);
    series = std::fma(series, r, 5.0000001201e-1F);
    series = std::fma(series, r * r, r + 1.0F);
    float const power = __builtin_bit_cast(float, (n + 127) << 23);
    return series * power;
}
DNAGPT_FUNCTION double fast_exp(double x) {
    return std::exp(x);
}

/// 1 / (1 + exp(-x)); the relative error in float stays below 2^-21 where x > -87.
template <class T>
DNAGPT_FUNCTION T fast_sigmoid(T x) {
    return T(1) / (T(1) + fast_exp(-x));
}

}  // namespace dnagpt
