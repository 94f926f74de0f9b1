#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/random.hpp"
#include "dnagpt/device/buffer.hpp"
#include "dnagpt/device/device_session.hpp"
#include "dnagpt/ops/activation.hpp"
#include "dnagpt/ops/adamw.hpp"
#include "dnagpt/ops/cross_entropy.hpp"
#include "dnagpt/ops/embedding.hpp"
#include "dnagpt/ops/layernorm.hpp"
#include "dnagpt/ops/reduction.hpp"

namespace dnagpt {
namespace {

constexpr std::int64_t rows = 1024;
constexpr std::int64_t channels = 768;
constexpr std::int64_t context_length = 512;
constexpr std::int64_t vocabulary = 15659;

template <class T>
Buffer<T> random_buffer(std::int64_t count) {
    std::vector<T> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = T(static_cast<float>(random_normal(1, i)));
    }
    Buffer<T> buffer("benchmark", count);
    copy_to_device(values.data(), buffer.data(), count);
    return buffer;
}

template <class T>
Matrix<T> matrix_of(Buffer<T> const& buffer, std::int64_t columns) {
    return Matrix<T>(buffer.data(), static_cast<std::size_t>(buffer.size() / columns),
                     static_cast<std::size_t>(columns));
}

/// Tokens with the skew of DNA: one in ten is the first 6-mer.
Buffer<std::int32_t> random_tokens() {
    std::vector<std::int32_t> tokens(rows);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        auto const id = static_cast<std::int32_t>(random_below(2, i, vocabulary));
        tokens[i] = i % 10 == 0 ? 34 : id;
    }
    Buffer<std::int32_t> buffer("tokens", rows);
    copy_to_device(tokens.data(), buffer.data(), rows);
    return buffer;
}

/// Runs `work` and its device part to the end; reports the time an element takes.
template <class Work>
void measure(benchmark::State& state, std::int64_t elements, Work const& work) {
    for (auto _ : state) {
        work();
        device_fence();
    }
    state.counters["time_per_element"] = benchmark::Counter(
        static_cast<double>(elements),
        benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

Context make_context() {
    Context context;
    context.scratch = Arena(std::int64_t{64} << 20);
    return context;
}

template <class T>
void gelu_forward_speed(benchmark::State& state) {
    auto context = make_context();
    auto const input = random_buffer<T>(rows * channels);
    Buffer<T> const output("output", rows * channels);
    measure(state, rows * channels, [&] {
        gelu_forward(context, matrix_of(input, channels), matrix_of(output, channels));
    });
}

template <class T>
void gelu_backward_in_place_speed(benchmark::State& state) {
    auto context = make_context();
    auto const input = random_buffer<T>(rows * channels);
    Buffer<T> const gradient("gradient", rows * channels);
    measure(state, rows * channels, [&] {
        gelu_backward(context, matrix_of(input, channels), matrix_of(gradient, channels),
                      matrix_of(gradient, channels));
    });
}

template <class T>
void layernorm_forward_speed(benchmark::State& state) {
    auto context = make_context();
    auto const input = random_buffer<T>(rows * channels);
    auto const weight = random_buffer<T>(channels);
    Buffer<accum_t<T>> const mean("mean", rows);
    Buffer<accum_t<T>> const rstd("rstd", rows);
    Buffer<T> const output("output", rows * channels);
    measure(state, rows * channels, [&] {
        layernorm_forward(context, matrix_of(input, channels), weight.view(), mean.view(),
                          rstd.view(), matrix_of(output, channels));
    });
}

template <class T>
void layernorm_backward_speed(benchmark::State& state) {
    auto context = make_context();
    auto const input = random_buffer<T>(rows * channels);
    auto const weight = random_buffer<T>(channels);
    auto const mean = random_buffer<accum_t<T>>(rows);
    auto const rstd = random_buffer<accum_t<T>>(rows);
    auto const doutput = random_buffer<T>(rows * channels);
    Buffer<T> const dinput("dinput", rows * channels);
    Buffer<accum_t<T>> const dweight("dweight", channels);
    bool const in_place = state.range(0) == 1;
    measure(state, rows * channels, [&] {
        layernorm_backward(context, matrix_of(input, channels), weight.view(), mean.view(),
                           rstd.view(), matrix_of(in_place ? dinput : doutput, channels),
                           matrix_of(dinput, channels), dweight.view(),
                           in_place ? Write::assign : Write::add);
    });
}

template <class T>
void cross_entropy_speed(benchmark::State& state) {
    auto context = make_context();
    constexpr std::int64_t some_rows = 128;
    auto const logits = random_buffer<T>(some_rows * vocabulary);
    Buffer<std::int32_t> const targets("targets", some_rows);
    Buffer<float> const scale("scale", some_rows);
    Buffer<double> const loss("loss", some_rows);
    measure(state, some_rows * vocabulary, [&] {
        cross_entropy_forward_backward(context, matrix_of(logits, vocabulary), targets.view(),
                                       scale.view(), loss.view());
    });
}

template <class T>
void embedding_backward_speed(benchmark::State& state) {
    auto context = make_context();
    auto const tokens = random_tokens();
    auto const doutput = random_buffer<T>(rows * channels);
    Buffer<accum_t<T>> const token_table("tokens", vocabulary * channels);
    Buffer<accum_t<T>> const position_table("positions", context_length * channels);
    measure(state, rows * channels, [&] {
        embedding_backward(context, tokens.view(), context_length, matrix_of(doutput, channels),
                           matrix_of(token_table, channels), matrix_of(position_table, channels));
    });
}

template <class T>
void adamw_speed(benchmark::State& state) {
    auto context = make_context();
    constexpr std::int64_t count = rows * channels;
    auto const gradient = random_buffer<float>(count);
    auto const master = random_buffer<float>(count);
    Buffer<float> const m("m", count);
    Buffer<float> const v("v", count);
    Buffer<T> const weights("weights", count);
    measure(state, count, [&] {
        adamw_update(context, AdamwStep{}, gradient.view(), master.view(), m.view(), v.view(),
                     weights.view());
    });
}

void sum_of_squares_speed(benchmark::State& state) {
    auto context = make_context();
    auto const values = random_buffer<float>(rows * channels);
    Buffer<double> const sum("sum", 1);
    measure(state, rows * channels,
            [&] { add_sum_of_squares(context, values.view(), sum.view()); });
}

void count_non_finite_speed(benchmark::State& state) {
    auto context = make_context();
    auto const values = random_buffer<float>(rows * channels);
    Buffer<double> const count("count", 1);
    measure(state, rows * channels,
            [&] { count_non_finite(context, values.view(), count.view()); });
}

BENCHMARK(gelu_forward_speed<float>);
BENCHMARK(gelu_forward_speed<bf16>);
BENCHMARK(gelu_backward_in_place_speed<float>);
BENCHMARK(gelu_backward_in_place_speed<bf16>);
BENCHMARK(layernorm_forward_speed<float>);
BENCHMARK(layernorm_forward_speed<bf16>);
BENCHMARK(layernorm_backward_speed<float>)->ArgName("in_place")->Arg(0)->Arg(1);
BENCHMARK(layernorm_backward_speed<bf16>)->ArgName("in_place")->Arg(0)->Arg(1);
BENCHMARK(cross_entropy_speed<float>);
BENCHMARK(cross_entropy_speed<bf16>);
BENCHMARK(embedding_backward_speed<float>);
BENCHMARK(embedding_backward_speed<bf16>);
BENCHMARK(adamw_speed<float>);
BENCHMARK(adamw_speed<bf16>);
BENCHMARK(sum_of_squares_speed);
BENCHMARK(count_non_finite_speed);

}  // namespace
}  // namespace dnagpt

int main(int argc, char** argv) {
    dnagpt::DeviceSession const device(0, 1);
    benchmark::AddCustomContext("device", device.description());
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
