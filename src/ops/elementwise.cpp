#include "dnagpt/ops/elementwise.hpp"

#include <cstdint>
#include <type_traits>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "element_loops.hpp"

namespace dnagpt {
namespace {

/// As it was; what is stored is rounded once, to accum_t<To>, and then to To.
template <class To>
struct Through {
    template <class A>
    KOKKOS_INLINE_FUNCTION A operator()(A x) const {
        return static_cast<A>(static_cast<accum_t<To>>(x));
    }
};

}  // namespace

template <class T>
void fill(Context& /*context*/, Vector<T> values, T value) {
    T* const out = values.data();
    for_each_element(
        "fill", rows_of(values), KOKKOS_LAMBDA(std::int64_t i) { out[i] = value; });
}

template <class T>
void multiply(Context& /*context*/, Vector<float> factors, Vector<T> values) {
    DNAGPT_EXPECT(rows_of(factors) == rows_of(values));
    float const* const by = factors.data();
    T* const out = values.data();
    for_each_element(
        "multiply", rows_of(values),
        KOKKOS_LAMBDA(std::int64_t i) { out[i] *= static_cast<T>(by[i]); });
}

template <class From, class To>
void convert(Context& /*context*/, Vector<From> source, Vector<To> destination) {
    DNAGPT_EXPECT(rows_of(source) == rows_of(destination));
    using Wider = std::conditional_t<(sizeof(From) > sizeof(To)), From, To>;
    using Map = MapElements<accum_t<From>, From, To, Through<To>>;
    for_each_fitting_pack<Wider>("convert", rows_of(source),
                                 Map{source.data(), destination.data(), {}}, source.data(),
                                 destination.data());
}

#define DNAGPT_INSTANTIATE(From, To) template void convert(Context&, Vector<From>, Vector<To>)
template void fill(Context&, Vector<bf16>, bf16);
template void fill(Context&, Vector<float>, float);
template void fill(Context&, Vector<double>, double);
template void fill(Context&, Vector<std::int32_t>, std::int32_t);
template void multiply(Context&, Vector<float>, Vector<float>);
template void multiply(Context&, Vector<float>, Vector<double>);
DNAGPT_INSTANTIATE(float, float);
DNAGPT_INSTANTIATE(float, bf16);
DNAGPT_INSTANTIATE(bf16, float);
DNAGPT_INSTANTIATE(bf16, bf16);
DNAGPT_INSTANTIATE(double, double);  // sums of a step, in every build
#if defined(DNAGPT_HAVE_DOUBLE)
DNAGPT_INSTANTIATE(double, float);
DNAGPT_INSTANTIATE(double, bf16);
DNAGPT_INSTANTIATE(float, double);
DNAGPT_INSTANTIATE(bf16, double);
#endif

}  // namespace dnagpt
