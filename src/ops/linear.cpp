#include "dnagpt/ops/linear.hpp"

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/element_types.hpp"
#include "dnagpt/core/profile.hpp"

namespace dnagpt {
namespace {

double flops_of(GemmShape const& shape) {
    return 2.0 * static_cast<double>(shape.m) * static_cast<double>(shape.n) *
           static_cast<double>(shape.k);
}

}  // namespace

GemmShape linear_forward_product(std::int64_t rows, std::int64_t out, std::int64_t in) {
    return {.m = rows,
            .n = out,
            .k = in,
            .transpose_b = true,
            .lda = in,
            .ldb = in,
            .ldc = out,
            .weight = true};
}

GemmShape linear_backward_input_product(std::int64_t rows, std::int64_t out, std::int64_t in) {
    return {.m = rows, .n = in, .k = out, .lda = out, .ldb = in, .ldc = in, .weight = true};
}

template <class T>
void linear_forward(Context& context, Matrix<T> input, Matrix<T> weight, Matrix<T> output,
                    Write write) {
    GemmShape shape = linear_forward_product(rows_of(input), rows_of(weight), columns_of(input));
    shape.accumulate = write == Write::add;
    DNAGPT_EXPECT(columns_of(weight) == shape.k);
    shape.ldc = columns_of(output);
    DNAGPT_EXPECT(rows_of(output) == shape.m && columns_of(output) >= shape.n);
    ProfileScope const scope("ops", "linear forward", flops_of(shape));
    gemm<T, T>(context.gemm, context.stream, shape, input.data(), weight.data(), output.data());
}

template <class T>
void linear_backward_input(Context& context, Matrix<T> doutput, Matrix<T> weight, Matrix<T> dinput,
                           Write write) {
    GemmShape shape =
        linear_backward_input_product(rows_of(doutput), rows_of(weight), columns_of(weight));
    shape.accumulate = write == Write::add;
    shape.lda = columns_of(doutput);
    DNAGPT_EXPECT(columns_of(doutput) >= shape.k);
    DNAGPT_EXPECT(rows_of(dinput) == shape.m && columns_of(dinput) == shape.n);
    ProfileScope const scope("ops", "linear backward, input", flops_of(shape));
    gemm<T, T>(context.gemm, context.stream, shape, doutput.data(), weight.data(), dinput.data());
}

template <class T>
void linear_backward_weight(Context& context, Matrix<T> doutput, Matrix<T> input,
                            Matrix<accum_t<T>> dweight) {
    if (rows_of(doutput) == 0) {
        return;
    }
    GemmShape const shape{.m = rows_of(dweight),
                          .n = columns_of(input),
                          .k = rows_of(doutput),
                          .transpose_a = true,
                          .lda = columns_of(doutput),
                          .ldb = columns_of(input),
                          .ldc = columns_of(dweight),
                          .accumulate = true};
    DNAGPT_EXPECT(rows_of(input) == shape.k);
    DNAGPT_EXPECT(columns_of(doutput) >= shape.m && columns_of(dweight) == shape.n);
    ProfileScope const scope("ops", "linear backward, weight", flops_of(shape));
    gemm<T, accum_t<T>>(context.gemm, context.stream, shape, doutput.data(), input.data(),
                        dweight.data());
}

#define DNAGPT_INSTANTIATE(T)                                                              \
    template void linear_forward(Context&, Matrix<T>, Matrix<T>, Matrix<T>, Write);        \
    template void linear_backward_input(Context&, Matrix<T>, Matrix<T>, Matrix<T>, Write); \
    template void linear_backward_weight(Context&, Matrix<T>, Matrix<T>, Matrix<accum_t<T>>);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
