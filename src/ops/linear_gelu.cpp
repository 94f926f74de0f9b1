#include "dnagpt/ops/linear_gelu.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/element_types.hpp"
#include "dnagpt/core/profile.hpp"
#include "dnagpt/device/device_session.hpp"
#include "dnagpt/ops/activation.hpp"
#include "dnagpt/ops/linear.hpp"

namespace dnagpt {
namespace {

using Clock = std::chrono::steady_clock;

/// The shortest of some calls, after one that is not counted.
template <class Work>
double shortest_seconds(Work const& work) {
    work();
    double shortest = std::numeric_limits<double>::max();
    for (int repeat = 0; repeat < 5; ++repeat) {
        device_fence();
        auto const began = Clock::now();
        work();
        device_fence();
        shortest = std::min(shortest, std::chrono::duration<double>(Clock::now() - began).count());
    }
    return shortest;
}

/// Whether `together` takes the place of `apart`, which do the same.
template <class T, class Together, class Apart>
bool pays(Context& context, GemmShape const& shape, Together const& together, Apart const& apart) {
    if (!has_epilogue<T>(context.gemm, shape)) {
        return false;
    }
    auto const known = context.gemm.epilogue_pays(shape);
    if (known || !context.gemm.chooses_by_timing()) {
        return known.value_or(false);
    }
    bool const faster = shortest_seconds(together) < shortest_seconds(apart);
    context.gemm.note_epilogue_pays(shape, faster);
    return faster;
}

template <class T>
GemmShape forward_shape(Matrix<T> const& input, Matrix<T> const& weight) {
    GemmShape shape = linear_forward_product(rows_of(input), rows_of(weight), columns_of(input));
    shape.epilogue = Epilogue::gelu;
    return shape;
}

template <class T>
void multiply(char const* name, Context& context, GemmShape const& shape, Matrix<T> const& a,
              Matrix<T> const& b, Matrix<T> const& pre_activation, Matrix<T> const& c) {
    ProfileScope const scope("ops", name,
                             2.0 * static_cast<double>(shape.m) * static_cast<double>(shape.n) *
                                 static_cast<double>(shape.k));
    gemm_with_epilogue(context.gemm, context.stream, shape, a.data(), b.data(),
                       pre_activation.data(), c.data());
}

}  // namespace

template <class T>
void linear_gelu_forward(Context& context, Matrix<T> input, Matrix<T> weight,
                         Matrix<T> pre_activation, Matrix<T> output) {
    GemmShape const shape = forward_shape(input, weight);
    DNAGPT_EXPECT(columns_of(pre_activation) == shape.n && columns_of(output) == shape.n);
    auto const together = [&] {
        multiply("linear forward, gelu", context, shape, input, weight, pre_activation, output);
    };
    auto const apart = [&] {
        linear_forward(context, input, weight, pre_activation);
        gelu_forward(context, pre_activation, output);
    };
    pays<T>(context, shape, together, apart) ? together() : apart();
}

template <class T>
void linear_gelu_recompute(Context& context, Matrix<T> input, Matrix<T> weight,
                           Matrix<T> pre_activation, Matrix<T> output) {
    GemmShape const shape = forward_shape(input, weight);
    if (has_epilogue<T>(context.gemm, shape) && context.gemm.epilogue_pays(shape).value_or(false)) {
        multiply("linear forward, gelu", context, shape, input, weight, pre_activation, output);
    } else {
        linear_forward(context, input, weight, pre_activation);
    }
}

template <class T>
void linear_gelu_backward_input(Context& context, Matrix<T> doutput, Matrix<T> weight,
                                Matrix<T> pre_activation, Matrix<T> dinput) {
    GemmShape shape =
        linear_backward_input_product(rows_of(doutput), rows_of(weight), columns_of(weight));
    shape.epilogue = Epilogue::gelu_gradient;
    DNAGPT_EXPECT(columns_of(pre_activation) == shape.n && columns_of(dinput) == shape.n);
    auto const together = [&] {
        multiply("linear backward, input, gelu", context, shape, doutput, weight, pre_activation,
                 dinput);
    };
    auto const apart = [&] {
        linear_backward_input(context, doutput, weight, dinput);
        gelu_backward(context, pre_activation, dinput, dinput);
    };
    pays<T>(context, shape, together, apart) ? together() : apart();
}

#define DNAGPT_INSTANTIATE(T)                                                                  \
    template void linear_gelu_forward(Context&, Matrix<T>, Matrix<T>, Matrix<T>, Matrix<T>);   \
    template void linear_gelu_recompute(Context&, Matrix<T>, Matrix<T>, Matrix<T>, Matrix<T>); \
    template void linear_gelu_backward_input(Context&, Matrix<T>, Matrix<T>, Matrix<T>, Matrix<T>);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
