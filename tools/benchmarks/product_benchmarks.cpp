#include <benchmark/benchmark.h>

#include <cstdint>
#include <utility>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/ops/attention.hpp"
#include "dnagpt/ops/gemm.hpp"
#include "dnagpt/ops/linear.hpp"
#include "kernel_benchmark.hpp"

namespace dnagpt {
namespace {

/// Rows of a product: micro-batches of 4 and of 64 sequences of 512.
constexpr std::int64_t positions = (on_host ? 4 : 64) * context_length;

enum class Pass { forward, input, weight };

template <class T, Pass pass>
void linear_speed(benchmark::State& state) {
    auto context = make_context();
    std::int64_t const out = state.range(0);
    std::int64_t const in = state.range(1);
    auto const input = random_buffer<T>(positions * in);
    std::int64_t const stride = state.range(2) == 1 ? suitable_leading_dimension<T>(out) : out;
    auto const output = random_buffer<T>(positions * stride);
    auto const weight = random_buffer<T>(out * in);
    Buffer<accum_t<T>> const dweight("dweight", out * in);
    context.gemm.weights_changed();
    measure_rate(state, "GFLOP/s", 2.0 * static_cast<double>(positions * in * out),
                 product_limit<T>(), [&] {
                     if constexpr (pass == Pass::forward) {
                         linear_forward(context, matrix_of(input, in), matrix_of(weight, in),
                                        matrix_of(output, stride));
                     } else if constexpr (pass == Pass::input) {
                         linear_backward_input(context, matrix_of(output, stride),
                                               matrix_of(weight, in), matrix_of(input, in));
                     } else {
                         linear_backward_weight(context, matrix_of(output, stride),
                                                matrix_of(input, in), matrix_of(dweight, in));
                     }
                 });
}

/// Operations of the products, without the masked half.
template <class T, bool backward>
void attention_speed(benchmark::State& state) {
    auto context = make_context();
    std::int64_t const length = state.range(0);
    AttentionShape const shape{on_host ? 1 : positions / length, length, heads, head_dimension};
    std::int64_t const count = shape.batch * length;
    auto const qkv = random_buffer<T>(count * 3 * channels);
    Buffer<T> const output("output", count * channels);
    Buffer<accum_t<T>> const log_sum_exp("log_sum_exp", count * heads);
    auto const doutput = random_buffer<T>(count * channels);
    Buffer<T> const dqkv("dqkv", count * 3 * channels);
    auto const forward = [&] {
        attention_forward(context, shape, matrix_of(qkv, 3 * channels), matrix_of(output, channels),
                          log_sum_exp.view());
    };
    forward();
    double const product = static_cast<double>(count * length * channels);
    measure_rate(state, "GFLOP/s", (backward ? 5 : 2) * product, product_limit<T>(), [&] {
        if constexpr (backward) {
            attention_backward(context, shape, matrix_of(qkv, 3 * channels),
                               matrix_of(output, channels), log_sum_exp.view(),
                               matrix_of(doutput, channels), matrix_of(dqkv, 3 * channels));
        } else {
            forward();
        }
    });
}

/// The shapes of a layer and of the token head: (out, in) of the weight, and whether the rows of
/// outputs stand apart.
void linear_shapes(benchmark::internal::Benchmark* bench) {
    bench->ArgNames({"out", "in", "padded"});
    for (auto const& [out, in] : {std::pair{3 * channels, channels},
                                  {channels, channels},
                                  {4 * channels, channels},
                                  {channels, 4 * channels},
                                  {vocabulary, channels}}) {
        bench->Args({out, in, 0});
    }
    bench->Args({vocabulary, channels, 1});
}

#define DNAGPT_BENCH_PRODUCTS(T)                                             \
    BENCHMARK(linear_speed<T, Pass::forward>)->Apply(linear_shapes);         \
    BENCHMARK(linear_speed<T, Pass::input>)->Apply(linear_shapes);           \
    BENCHMARK(linear_speed<T, Pass::weight>)->Apply(linear_shapes);          \
    BENCHMARK(attention_speed<T, false>)->ArgName("T")->Arg(512)->Arg(4096); \
    BENCHMARK(attention_speed<T, true>)->ArgName("T")->Arg(512)->Arg(4096)
DNAGPT_BENCH_PRODUCTS(float);
DNAGPT_BENCH_PRODUCTS(bf16);

}  // namespace
}  // namespace dnagpt
