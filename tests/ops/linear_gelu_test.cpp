#include "dnagpt/ops/linear_gelu.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "dnagpt/ops/activation.hpp"
#include "dnagpt/ops/linear.hpp"
#include "harness/device_array.hpp"
#include "harness/gradient_check.hpp"
#include "ops_check.hpp"

namespace dnagpt {
namespace {

using testing::as_double;
using testing::DeviceArray;
using testing::expect_all_near;
using testing::make_context;
using testing::random_values;
using testing::rounded;
using testing::tolerance;

constexpr std::int64_t rows = 24;
constexpr std::int64_t channels = 64;
constexpr std::int64_t wide = 128;

/// Operands of both passes in T.
template <class T>
struct Operands {
    DeviceArray<T> input{rounded<T>(random_values(rows * channels, 1))};
    DeviceArray<T> weight{rounded<T>(random_values(wide * channels, 2))};
    DeviceArray<T> pre_activation{rows * wide};
    DeviceArray<T> output{rows * wide};
    DeviceArray<T> doutput{rounded<T>(random_values(rows * channels, 3))};
    DeviceArray<T> next_weight{rounded<T>(random_values(channels * wide, 4))};
    DeviceArray<T> dinput{rows * wide};
};

/// Magnitudes of sums of 64 products of normal numbers stay below 64; two roundings to T on the
/// way.
template <class T>
double bound() {
    return 2 * tolerance<T>(64, channels);
}

template <class T>
void expect_what_is_done_apart(Context& context) {
    Operands<T> const of;
    DeviceArray<T> const pre_activation(rows * wide);
    DeviceArray<T> const output(rows * wide);
    DeviceArray<T> const dinput(rows * wide);
    linear_forward(context, of.input.matrix(rows, channels), of.weight.matrix(wide, channels),
                   pre_activation.matrix(rows, wide));
    gelu_forward(context, pre_activation.matrix(rows, wide), output.matrix(rows, wide));
    linear_gelu_forward(context, of.input.matrix(rows, channels), of.weight.matrix(wide, channels),
                        of.pre_activation.matrix(rows, wide), of.output.matrix(rows, wide));
    expect_all_near(of.pre_activation.host(), as_double(pre_activation.host()), bound<T>(),
                    "pre-activation");
    expect_all_near(of.output.host(), as_double(output.host()), bound<T>(), "output");
    linear_backward_input(context, of.doutput.matrix(rows, channels),
                          of.next_weight.matrix(channels, wide), dinput.matrix(rows, wide));
    gelu_backward(context, of.pre_activation.matrix(rows, wide), dinput.matrix(rows, wide),
                  dinput.matrix(rows, wide));
    linear_gelu_backward_input(context, of.doutput.matrix(rows, channels),
                               of.next_weight.matrix(channels, wide),
                               of.pre_activation.matrix(rows, wide), of.dinput.matrix(rows, wide));
    expect_all_near(of.dinput.host(), as_double(dinput.host()), bound<T>(), "dinput");
}

TEST(LinearGelu, IsWhatIsDoneApart) {
    auto context = make_context();
    expect_what_is_done_apart<float>(context);
    expect_what_is_done_apart<bf16>(context);
}

TEST(LinearGelu, IsWhatIsDoneApartWhereAnEpilogueIsTaken) {
    auto context = make_context();
    GemmShape forward = linear_forward_product(rows, wide, channels);
    forward.epilogue = Epilogue::gelu;
    GemmShape backward = linear_backward_input_product(rows, channels, wide);
    backward.epilogue = Epilogue::gelu_gradient;
    context.gemm.note_epilogue_pays(forward, true);
    context.gemm.note_epilogue_pays(backward, true);
    expect_what_is_done_apart<bf16>(context);
}

TEST(LinearGelu, TheChoiceByTimingStays) {
    auto context = make_context();
    context.gemm.choose_by_timing(true);
    expect_what_is_done_apart<bf16>(context);
    std::string const choices = context.gemm.choices();
    context.gemm.choose_by_timing(false);
    expect_what_is_done_apart<bf16>(context);
    EXPECT_EQ(context.gemm.choices(), choices);
}

TEST(LinearGelu, RecomputingGivesTheSameBits) {
    auto context = make_context();
    Operands<bf16> const of;
    auto const input = of.input.matrix(rows, channels);
    auto const weight = of.weight.matrix(wide, channels);
    linear_gelu_forward(context, input, weight, of.pre_activation.matrix(rows, wide),
                        of.output.matrix(rows, wide));
    DeviceArray<bf16> const again(rows * wide);
    linear_gelu_recompute(context, input, weight, again.matrix(rows, wide),
                          of.dinput.matrix(rows, wide));
    EXPECT_EQ(as_double(again.host()), as_double(of.pre_activation.host()));
}

}  // namespace
}  // namespace dnagpt
