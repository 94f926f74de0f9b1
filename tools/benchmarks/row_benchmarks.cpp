#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/random.hpp"
#include "dnagpt/ops/activation.hpp"
#include "dnagpt/ops/adamw.hpp"
#include "dnagpt/ops/cross_entropy.hpp"
#include "dnagpt/ops/elementwise.hpp"
#include "dnagpt/ops/embedding.hpp"
#include "dnagpt/ops/layernorm.hpp"
#include "dnagpt/ops/reduction.hpp"
#include "kernel_benchmark.hpp"

// Row-wise kernels of a training step.

namespace dnagpt {
namespace {

/// Tokens with the skew of DNA: one in ten is the first 6-mer.
Buffer<std::int32_t> random_tokens() {
    std::vector<std::int32_t> tokens(rows);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        auto const id = static_cast<std::int32_t>(random_below(2, i, vocabulary));
        tokens[i] = i % 10 == 0 ? 34 : id;
    }
    return device_list(tokens);
}

template <class T>
void gelu_forward_speed(benchmark::State& state) {
    auto context = make_context();
    auto const input = random_buffer<T>(rows * channels);
    Buffer<T> const output("output", rows * channels);
    measure(state, 2.0 * sizeof(T) * rows * channels, [&] {
        gelu_forward(context, matrix_of(input, channels), matrix_of(output, channels));
    });
}

template <class T>
void gelu_backward_in_place_speed(benchmark::State& state) {
    auto context = make_context();
    auto const input = random_buffer<T>(rows * channels);
    Buffer<T> const gradient("gradient", rows * channels);
    measure(state, 3.0 * sizeof(T) * rows * channels, [&] {
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
    measure(state, 2.0 * sizeof(T) * rows * channels, [&] {
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
    measure(state, (in_place ? 3.0 : 4.0) * sizeof(T) * rows * channels, [&] {
        layernorm_backward(context, matrix_of(input, channels), weight.view(), mean.view(),
                           rstd.view(), matrix_of(in_place ? dinput : doutput, channels),
                           matrix_of(dinput, channels), dweight.view(),
                           in_place ? Write::assign : Write::add);
    });
}

template <class T>
void cross_entropy_speed(benchmark::State& state) {
    auto context = make_context();
    constexpr std::int64_t some_rows = rows / 8;
    std::int64_t const stride = suitable_leading_dimension<T>(vocabulary);
    auto const logits = random_buffer<T>(some_rows * stride);
    Buffer<std::int32_t> const targets("targets", some_rows);
    Buffer<float> const scale("scale", some_rows);
    Buffer<double> const loss("loss", some_rows);
    measure(state, 2.0 * sizeof(T) * some_rows * vocabulary, [&] {
        cross_entropy_forward_backward(context, matrix_of(logits, stride), vocabulary,
                                       targets.view(), scale.view(), loss.view());
    });
}

template <class T>
void cross_entropy_forward_speed(benchmark::State& state) {
    auto context = make_context();
    constexpr std::int64_t some_rows = rows / 8;
    auto const logits = random_buffer<T>(some_rows * vocabulary);
    Buffer<std::int32_t> const targets("targets", some_rows);
    Buffer<double> const loss("loss", some_rows);
    measure(state, 1.0 * sizeof(T) * some_rows * vocabulary, [&] {
        cross_entropy_forward(context, matrix_of(logits, vocabulary), targets.view(), loss.view());
    });
}

template <class T>
void embedding_forward_speed(benchmark::State& state) {
    auto context = make_context();
    auto const tokens = random_tokens();
    auto const token_table = random_buffer<T>(vocabulary * channels);
    auto const position_table = random_buffer<T>(context_length * channels);
    Buffer<T> const output("output", rows * channels);
    measure(state, 2.0 * sizeof(T) * rows * channels, [&] {
        embedding_forward(context, tokens.view(), context_length, matrix_of(token_table, channels),
                          matrix_of(position_table, channels), matrix_of(output, channels));
    });
}

Buffer<std::int32_t> every_row_backwards() {
    std::vector<std::int32_t> indices(rows);
    for (std::size_t i = 0; i < indices.size(); ++i) {
        indices[i] = static_cast<std::int32_t>(indices.size() - 1 - i);
    }
    return device_list(indices);
}

/// `accesses` to each element of the rows that `move` moves by a list of their places.
template <class T, class Move>
void measure_moved_rows(benchmark::State& state, double accesses, Move const& move) {
    auto context = make_context();
    auto const indices = every_row_backwards();
    auto const source = random_buffer<T>(rows * channels);
    Buffer<T> const destination("destination", rows * channels);
    measure(state, accesses * sizeof(T) * rows * channels, [&] {
        move(context, matrix_of(source, channels), indices.view(),
             matrix_of(destination, channels));
    });
}

template <class T>
void gather_rows_speed(benchmark::State& state) {
    measure_moved_rows<T>(state, 2, gather_rows<T>);
}

template <class T>
void scatter_add_rows_speed(benchmark::State& state) {
    measure_moved_rows<T>(state, 3, scatter_add_rows<T>);
}

template <class T>
void convert_speed(benchmark::State& state) {
    auto context = make_context();
    auto const source = random_buffer<T>(rows * channels);
    Buffer<T> const destination("destination", rows * channels);
    measure(state, 2.0 * sizeof(T) * rows * channels,
            [&] { convert(context, source.view(), destination.view()); });
}

template <class T>
void embedding_backward_speed(benchmark::State& state) {
    auto context = make_context();
    auto const tokens = random_tokens();
    auto const doutput = random_buffer<T>(rows * channels);
    Buffer<accum_t<T>> const token_table("tokens", vocabulary * channels);
    Buffer<accum_t<T>> const position_table("positions", context_length * channels);
    RowsByToken const grouped = rows_by_token(to_host(tokens.data(), tokens.size()));
    auto const by_token = device_list(grouped.rows);
    auto const first = device_list(grouped.first);
    // The rows once for each table; of each table the rows that occur, read and written.
    auto const sums = static_cast<double>(grouped.first.size() - 1 + context_length);
    double const bytes = 2.0 * (rows * sizeof(T) + sums * sizeof(accum_t<T>)) * channels;
    measure(state, bytes, [&] {
        embedding_backward(context, tokens.view(), by_token.view(), first.view(), context_length,
                           matrix_of(doutput, channels), matrix_of(token_table, channels),
                           matrix_of(position_table, channels));
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
    measure(state, (7.0 * sizeof(float) + sizeof(T)) * count, [&] {
        adamw_update(context, AdamwStep{}, gradient.view(), master.view(), m.view(), v.view(),
                     weights.view());
    });
}

void sum_of_squares_speed(benchmark::State& state) {
    auto context = make_context();
    auto const values = random_buffer<float>(rows * channels);
    Buffer<double> const sum("sum", 1);
    measure(state, 1.0 * sizeof(float) * rows * channels,
            [&] { add_sum_of_squares(context, values.view(), sum.view()); });
}

void count_non_finite_speed(benchmark::State& state) {
    auto context = make_context();
    auto const values = random_buffer<float>(rows * channels);
    Buffer<double> const count("count", 1);
    measure(state, 1.0 * sizeof(float) * rows * channels,
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
BENCHMARK(cross_entropy_forward_speed<float>);
BENCHMARK(cross_entropy_forward_speed<bf16>);
BENCHMARK(embedding_forward_speed<float>);
BENCHMARK(embedding_forward_speed<bf16>);
BENCHMARK(gather_rows_speed<float>);
BENCHMARK(gather_rows_speed<bf16>);
BENCHMARK(scatter_add_rows_speed<float>);
BENCHMARK(scatter_add_rows_speed<bf16>);
BENCHMARK(convert_speed<float>);
BENCHMARK(convert_speed<bf16>);
BENCHMARK(embedding_backward_speed<float>);
BENCHMARK(embedding_backward_speed<bf16>);
BENCHMARK(adamw_speed<float>);
BENCHMARK(adamw_speed<bf16>);
BENCHMARK(sum_of_squares_speed);
BENCHMARK(count_non_finite_speed);

}  // namespace
}  // namespace dnagpt
