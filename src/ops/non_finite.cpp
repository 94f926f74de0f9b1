#include "dnagpt/ops/non_finite.hpp"

#include <cstdint>

#include "block_sums.hpp"

namespace dnagpt {
namespace {

KOKKOS_INLINE_FUNCTION bool is_non_finite(bf16 value) {
    return (value.bits & 0x7f80U) == 0x7f80U;
}
KOKKOS_INLINE_FUNCTION bool is_non_finite(float value) {
    return (__builtin_bit_cast(std::uint32_t, value) & 0x7f800000U) == 0x7f800000U;
}
KOKKOS_INLINE_FUNCTION bool is_non_finite(double value) {
    constexpr std::uint64_t exponent = 0x7ff0000000000000ULL;
    return (__builtin_bit_cast(std::uint64_t, value) & exponent) == exponent;
}

}  // namespace

template <class T>
void count_non_finite(Context& context, Vector<T> values, Vector<double> count) {
    T const* const in = values.data();
    add_block_sums<std::int32_t>(
        "count_non_finite", context, rows_of(values),
        KOKKOS_LAMBDA(std::int64_t i) { return is_non_finite(in[i]) ? 1 : 0; }, count);
}

template void count_non_finite(Context&, Vector<bf16>, Vector<double>);
template void count_non_finite(Context&, Vector<float>, Vector<double>);
template void count_non_finite(Context&, Vector<double>, Vector<double>);

}  // namespace dnagpt
