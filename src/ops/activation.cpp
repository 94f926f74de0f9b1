#include "dnagpt/ops/activation.hpp"

#include <cstdint>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/element_types.hpp"
#include "dnagpt/ops/fast_math.hpp"
#include "element_loops.hpp"

namespace dnagpt {
namespace {

constexpr double gelu_scale = 0.7978845608028654;  // sqrt(2/pi)
constexpr double gelu_cubic = 0.044715;

/// 1 + tanh(u) = 2 sigmoid(2u): the tanh form of GELU is x sigmoid(2u), exact also where tanh
/// would cancel; u = gelu_scale (x + gelu_cubic x^3).
struct Gelu {
    template <class A>
    static KOKKOS_INLINE_FUNCTION A gate(A x) {
        return fast_sigmoid(A(2 * gelu_scale) * x * (A(1) + A(gelu_cubic) * x * x));
    }
    template <class A>
    static KOKKOS_INLINE_FUNCTION A value(A x) {
        return x * gate(x);
    }
    template <class A>
    static KOKKOS_INLINE_FUNCTION A derivative(A x) {
        A const g = gate(x);
        A const slope = A(2 * gelu_scale) * (A(1) + A(3 * gelu_cubic) * x * x);
        return g + x * g * (A(1) - g) * slope;
    }
};

struct Silu {
    template <class A>
    static KOKKOS_INLINE_FUNCTION A value(A x) {
        return x * fast_sigmoid(x);
    }
    template <class A>
    static KOKKOS_INLINE_FUNCTION A derivative(A x) {
        A const g = fast_sigmoid(x);
        return g + x * g * (A(1) - g);
    }
};

template <class Function>
struct Value {
    template <class A>
    KOKKOS_INLINE_FUNCTION A operator()(A x) const {
        return Function::value(x);
    }
};

template <class Function>
struct ChainRule {
    template <class A>
    KOKKOS_INLINE_FUNCTION A operator()(A doutput, A x) const {
        return doutput * Function::derivative(x);
    }
};

template <class Function, class T>
void forward(char const* name, Matrix<T> const& input, Matrix<T> const& output) {
    DNAGPT_EXPECT(input.size() == output.size());
    using Map = MapElements<accum_t<T>, T, T, Value<Function>>;
    for_each_fitting_pack<T>(name, static_cast<std::int64_t>(input.size()),
                             Map{input.data(), output.data(), {}}, input.data(), output.data());
}

template <class Function, class T>
void backward(char const* name, Matrix<T> const& input, Matrix<T> const& doutput,
              Matrix<T> const& dinput) {
    DNAGPT_EXPECT(input.size() == doutput.size() && input.size() == dinput.size());
    using A = accum_t<T>;
    auto const count = static_cast<std::int64_t>(input.size());
    if (dinput.data() == doutput.data()) {
        using Update = UpdateElements<A, T, T, ChainRule<Function>>;
        for_each_fitting_pack<T>(name, count, Update{input.data(), dinput.data(), {}}, input.data(),
                                 dinput.data());
        return;
    }
    using Combine = CombineElements<A, T, ChainRule<Function>>;
    for_each_fitting_pack<T>(name, count, Combine{doutput.data(), input.data(), dinput.data(), {}},
                             doutput.data(), input.data(), dinput.data());
}

}  // namespace

template <class T>
void gelu_forward(Context& /*context*/, Matrix<T> input, Matrix<T> output) {
    forward<Gelu>("gelu_forward", input, output);
}

template <class T>
void gelu_backward(Context& /*context*/, Matrix<T> input, Matrix<T> doutput, Matrix<T> dinput) {
    backward<Gelu>("gelu_backward", input, doutput, dinput);
}

template <class T>
void silu_forward(Context& /*context*/, Matrix<T> input, Matrix<T> output) {
    forward<Silu>("silu_forward", input, output);
}

template <class T>
void silu_backward(Context& /*context*/, Matrix<T> input, Matrix<T> doutput, Matrix<T> dinput) {
    backward<Silu>("silu_backward", input, doutput, dinput);
}

#define DNAGPT_INSTANTIATE(T)                                               \
    template void gelu_forward(Context&, Matrix<T>, Matrix<T>);             \
    template void gelu_backward(Context&, Matrix<T>, Matrix<T>, Matrix<T>); \
    template void silu_forward(Context&, Matrix<T>, Matrix<T>);             \
    template void silu_backward(Context&, Matrix<T>, Matrix<T>, Matrix<T>);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
