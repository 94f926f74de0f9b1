#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <type_traits>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/ops/gemm.hpp"

namespace dnagpt {

enum class GemmElement { bf16, float32, float64 };

/// A weight is multiplied like any other operand.
inline GemmShape without_weight(GemmShape shape) {
    shape.weight = false;
    return shape;
}

/// A product as an algorithm is chosen for it, without_weight.
struct GemmProduct {
    GemmShape shape;
    GemmElement input = GemmElement::bf16;
    GemmElement output = GemmElement::bf16;
    /// The largest power of two, up to 256, that divides the addresses of all operands (bytes).
    std::uint32_t alignment = 0;

    auto operator<=>(GemmProduct const&) const = default;
};

template <class T>
constexpr GemmElement gemm_element() {
    if constexpr (std::is_same_v<T, bf16>) {
        return GemmElement::bf16;
    } else {
        return std::is_same_v<T, float> ? GemmElement::float32 : GemmElement::float64;
    }
}

template <class T, class Out>
GemmProduct gemm_product(GemmShape const& shape, std::uint32_t alignment) {
    return {without_weight(shape), gemm_element<T>(), gemm_element<Out>(), alignment};
}

std::uint32_t bytes_of_element(GemmElement element);

/// From the first to the last element of C, gaps included.
std::size_t bytes_of_c(GemmProduct const& product);

/// An algorithm as the library writes it: opaque, and good for one version of the library.
using AlgorithmBytes = std::array<std::uint8_t, 64>;

struct GemmChoices {
    std::map<GemmProduct, AlgorithmBytes> algorithms;
    std::map<GemmShape, bool> epilogue_pays;
};

/// JSON in the order of the products; empty where nothing is chosen.
std::string format_choices(GemmChoices const& choices, std::int64_t library_version);

/// The choices of such a text, without the algorithms where they are of another version of the
/// library. Error for any other text.
GemmChoices parse_choices(std::string const& text, std::int64_t library_version);

}  // namespace dnagpt
