#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/random.hpp"
#include "dnagpt/ops/gemm.hpp"

namespace dnagpt::testing {

template <class T>
std::vector<T> random_values(std::uint64_t seed, std::int64_t count) {
    std::vector<T> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = T(static_cast<accum_t<T>>(random_normal(seed, i)));
    }
    return values;
}

template <class T>
struct GemmOperandValues {
    std::vector<T> a, b;

    explicit GemmOperandValues(GemmShape const& shape)
        : a(random_values<T>(1, (shape.transpose_a ? shape.k : shape.m) * shape.lda)),
          b(random_values<T>(2, (shape.transpose_b ? shape.n : shape.k) * shape.ldb)) {}
};

struct GemmElementValue {
    double value;
    double magnitude;
};

/// One element of the product in double, and the sum of the magnitudes of its terms.
template <class T>
GemmElementValue naive_element(GemmShape const& shape, GemmOperandValues<T> const& operands,
                               std::int64_t row, std::int64_t column) {
    GemmElementValue sum{0.0, 0.0};
    for (std::int64_t i = 0; i < shape.k; ++i) {
        auto const a = shape.transpose_a ? i * shape.lda + row : row * shape.lda + i;
        auto const b = shape.transpose_b ? column * shape.ldb + i : i * shape.ldb + column;
        double const term = static_cast<double>(operands.a[static_cast<std::size_t>(a)]) *
                            static_cast<double>(operands.b[static_cast<std::size_t>(b)]);
        sum.value += term;
        sum.magnitude += std::abs(term);
    }
    return sum;
}

/// Bound of a sum of k products in accum_t<T>, rounded to Out at the end: Higham 2002, (3.5), with
/// one more addition for `accumulate`. Tensor cores, which multiply bf16 on GPUs, cut off what
/// others round (Fasi et al. 2021): twice the error of each addition.
template <class T, class Out>
double gemm_bound(GemmShape const& shape, GemmElementValue const& element) {
    double const addition = (sizeof(T) < sizeof(float) ? 2 : 1) * unit_roundoff<accum_t<T>>();
    return static_cast<double>(shape.k + 1) * addition * element.magnitude +
           unit_roundoff<Out>() * (std::abs(element.value) + element.magnitude * 0x1.0p-20);
}

/// Bit 0 of `flags` transposes A, bit 1 B, bit 2 accumulates.
inline GemmShape make_gemm_shape(std::vector<std::int64_t> const& extents, int flags,
                                 std::int64_t gap) {
    GemmShape shape{.m = extents[0],
                    .n = extents[1],
                    .k = extents[2],
                    .transpose_a = (flags & 1) != 0,
                    .transpose_b = (flags & 2) != 0,
                    .accumulate = (flags & 4) != 0};
    shape.lda = (shape.transpose_a ? shape.m : shape.k) + gap;
    shape.ldb = (shape.transpose_b ? shape.k : shape.n) + gap;
    shape.ldc = shape.n + gap;
    return shape;
}

}  // namespace dnagpt::testing
