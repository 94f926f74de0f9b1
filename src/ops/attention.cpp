#include "dnagpt/ops/attention.hpp"

#include <type_traits>

#include "attention_portable.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/element_types.hpp"
#include "dnagpt/core/profile.hpp"

namespace dnagpt {
namespace {

template <class T>
void check_operands(AttentionShape const& shape, Matrix<T> const& qkv, Matrix<T> const& output,
                    Vector<accum_t<T>> const& log_sum_exp) {
    std::int64_t const rows = shape.batch * shape.context_length;
    std::int64_t const channels = shape.heads * shape.head_dimension;
    DNAGPT_EXPECT(rows_of(qkv) == rows && columns_of(qkv) == 3 * channels);
    DNAGPT_EXPECT(rows_of(output) == rows && columns_of(output) == channels);
    DNAGPT_EXPECT(rows_of(log_sum_exp) == rows * shape.heads);
}

/// Floating-point operations of the two (forward) or five (backward) products, masked half left
/// out.
double flops_of(AttentionShape const& shape, int products) {
    auto const length = static_cast<double>(shape.context_length);
    return products * length * length *
           static_cast<double>(shape.batch * shape.heads * shape.head_dimension);
}

}  // namespace

template <class T>
void attention_forward(Context& context, AttentionShape const& shape, Matrix<T> qkv,
                       Matrix<T> output, Vector<accum_t<T>> log_sum_exp) {
    check_operands<T>(shape, qkv, output, log_sum_exp);
    if constexpr (std::is_same_v<T, bf16>) {
        if (context.attention.takes(shape)) {
            ProfileScope const scope("ops", "fused attention forward", flops_of(shape, 2));
            context.attention.forward(context.stream, shape, qkv.data(), output.data(),
                                      log_sum_exp.data());
            return;
        }
    }
    portable_attention_forward(context, shape, qkv, output, log_sum_exp);
}

template <class T>
void attention_backward(Context& context, AttentionShape const& shape, Matrix<T> qkv,
                        Matrix<T> output, Vector<accum_t<T>> log_sum_exp, Matrix<T> doutput,
                        Matrix<T> dqkv) {
    check_operands<T>(shape, qkv, output, log_sum_exp);
    check_operands<T>(shape, dqkv, doutput, log_sum_exp);
    if constexpr (std::is_same_v<T, bf16>) {
        if (context.attention.takes(shape)) {
            ProfileScope const scope("ops", "fused attention backward", flops_of(shape, 5));
            context.attention.backward(context.stream, shape, qkv.data(), output.data(),
                                       log_sum_exp.data(), doutput.data(), dqkv.data());
            return;
        }
    }
    portable_attention_backward(context, shape, qkv, output, log_sum_exp, doutput, dqkv);
}

template <class T>
void attention_scratch(AttentionShape const& shape, Arena& scratch) {
    portable_attention_scratch<T>(shape, scratch);
}

#define DNAGPT_INSTANTIATE(T)                                                               \
    template void attention_forward(Context&, AttentionShape const&, Matrix<T>, Matrix<T>,  \
                                    Vector<accum_t<T>>);                                    \
    template void attention_backward(Context&, AttentionShape const&, Matrix<T>, Matrix<T>, \
                                     Vector<accum_t<T>>, Matrix<T>, Matrix<T>);             \
    template void attention_scratch<T>(AttentionShape const&, Arena&);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
