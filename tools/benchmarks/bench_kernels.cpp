#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/random.hpp"
#include "dnagpt/device/buffer.hpp"
#include "dnagpt/device/device_session.hpp"
#include "dnagpt/ops/activation.hpp"
#include "dnagpt/ops/adamw.hpp"
#include "dnagpt/ops/attention.hpp"
#include "dnagpt/ops/cross_entropy.hpp"
#include "dnagpt/ops/elementwise.hpp"
#include "dnagpt/ops/embedding.hpp"
#include "dnagpt/ops/layernorm.hpp"
#include "dnagpt/ops/linear.hpp"
#include "dnagpt/ops/reduction.hpp"

// Each operation at the shapes of the 0.1B model, on one core (set OMP_NUM_THREADS=1): GB/s of what
// it must read and write, beside what memcpy of arrays larger than the caches moves; GFLOP/s of
// products, beside a product of 2,048 x 2,048 matrices. `share` is the share of that limit.

namespace dnagpt {
namespace {

using Clock = std::chrono::steady_clock;

/// Arrays several times as large as a GPU's L2 cache.
constexpr std::int64_t rows = on_host ? 8192 : 131072;
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
Buffer<std::int32_t> device_list(std::vector<std::int32_t> const& values) {
    Buffer<std::int32_t> buffer("list", static_cast<std::int64_t>(values.size()));
    copy_to_device(values.data(), buffer.data(), buffer.size());
    return buffer;
}

Buffer<std::int32_t> random_tokens() {
    std::vector<std::int32_t> tokens(rows);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        auto const id = static_cast<std::int32_t>(random_below(2, i, vocabulary));
        tokens[i] = i % 10 == 0 ? 34 : id;
    }
    return device_list(tokens);
}

double seconds_since(Clock::time_point began) {
    return std::chrono::duration<double>(Clock::now() - began).count();
}

/// The shortest of some calls, after one that is not counted.
template <class Work>
double shortest(Work const& work) {
    work();
    double best = std::numeric_limits<double>::max();
    for (int repeat = 0; repeat < 5; ++repeat) {
        auto const began = Clock::now();
        work();
        best = std::min(best, seconds_since(began));
    }
    return best;
}

/// Bytes a second that a copy within the device's memory reads and writes.
double memory_limit() {
    static double const limit = [] {
        constexpr std::size_t bytes = std::size_t{on_host ? 256 : 2048} << 20;
        Buffer<std::byte> const from("from", bytes);
        Buffer<std::byte> const to("to", bytes);
        return 2.0 * bytes / shortest([&] {
                   Kokkos::deep_copy(ExecutionSpace(), to.view(), from.view());
                   device_fence();
               });
    }();
    return limit;
}

Context make_context();

/// Floating-point operations a second of a large product.
template <class T>
double product_limit() {
    static double const limit = [] {
        constexpr std::int64_t n = 2048;
        auto context = make_context();
        auto const a = random_buffer<T>(n * n);
        auto const b = random_buffer<T>(n * n);
        Buffer<T> const c("c", n * n);
        return 2.0 * n * n * n / shortest([&] {
                   linear_forward(context, matrix_of(a, n), matrix_of(b, n), matrix_of(c, n));
                   device_fence();
               });
    }();
    return limit;
}

/// Runs `work` and its device part to the end; reports `amount` a second and its share of `limit`.
template <class Work>
void measure_rate(benchmark::State& state, char const* unit, double amount, double limit,
                  Work const& work) {
    auto const began = Clock::now();
    for (auto _ : state) {
        work();
        device_fence();
    }
    double const rate = amount * static_cast<double>(state.iterations()) / seconds_since(began);
    state.counters[unit] = rate / 1e9;
    state.counters["share"] = rate / limit;
}

/// `bytes` a call must read and write at least.
template <class Work>
void measure(benchmark::State& state, double bytes, Work const& work) {
    measure_rate(state, "GB/s", bytes, memory_limit(), work);
}

Context make_context() {
    Context context;
    context.scratch = Arena(std::int64_t{256} << 20);
    return context;
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

template <class T>
void gather_rows_speed(benchmark::State& state) {
    auto context = make_context();
    auto const indices = every_row_backwards();
    auto const source = random_buffer<T>(rows * channels);
    Buffer<T> const destination("destination", rows * channels);
    measure(state, 2.0 * sizeof(T) * rows * channels, [&] {
        gather_rows(context, matrix_of(source, channels), indices.view(),
                    matrix_of(destination, channels));
    });
}

template <class T>
void scatter_add_rows_speed(benchmark::State& state) {
    auto context = make_context();
    auto const indices = every_row_backwards();
    auto const source = random_buffer<T>(rows * channels);
    Buffer<T> const destination("destination", rows * channels);
    measure(state, 3.0 * sizeof(T) * rows * channels, [&] {
        scatter_add_rows(context, matrix_of(source, channels), indices.view(),
                         matrix_of(destination, channels));
    });
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

/// The shapes of a layer and of the token head: (out, in) of the weight.
enum class Pass { forward, input, weight };

template <class T, Pass pass>
void linear_speed(benchmark::State& state) {
    auto context = make_context();
    constexpr std::int64_t positions = 2048;
    std::int64_t const out = state.range(0);
    std::int64_t const in = state.range(1);
    auto const input = random_buffer<T>(positions * in);
    auto const output = random_buffer<T>(positions * out);
    auto const weight = random_buffer<T>(out * in);
    Buffer<accum_t<T>> const dweight("dweight", out * in);
    context.gemm.weights_changed();
    measure_rate(state, "GFLOP/s", 2.0 * static_cast<double>(positions * in * out),
                 product_limit<T>(), [&] {
                     if constexpr (pass == Pass::forward) {
                         linear_forward(context, matrix_of(input, in), matrix_of(weight, in),
                                        matrix_of(output, out));
                     } else if constexpr (pass == Pass::input) {
                         linear_backward_input(context, matrix_of(output, out),
                                               matrix_of(weight, in), matrix_of(input, in));
                     } else {
                         linear_backward_weight(context, matrix_of(output, out),
                                                matrix_of(input, in), matrix_of(dweight, in));
                     }
                 });
}

/// Operations of the products, without the masked half.
template <class T, bool backward>
void attention_speed(benchmark::State& state) {
    auto context = make_context();
    AttentionShape const shape{1, state.range(0), 12, 64};
    std::int64_t const length = shape.context_length;
    auto const qkv = random_buffer<T>(length * 3 * channels);
    Buffer<T> const output("output", length * channels);
    Buffer<accum_t<T>> const log_sum_exp("log_sum_exp", length * shape.heads);
    auto const doutput = random_buffer<T>(length * channels);
    Buffer<T> const dqkv("dqkv", length * 3 * channels);
    auto const forward = [&] {
        attention_forward(context, shape, matrix_of(qkv, 3 * channels), matrix_of(output, channels),
                          log_sum_exp.view());
    };
    forward();
    double const product = static_cast<double>(length * length * channels);
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

void linear_shapes(benchmark::internal::Benchmark* bench) {
    bench->ArgNames({"out", "in"});
    for (auto const& [out, in] : {std::pair{3 * channels, channels},
                                  {channels, channels},
                                  {4 * channels, channels},
                                  {channels, 4 * channels},
                                  {vocabulary, channels}}) {
        bench->Args({out, in});
    }
}

#define DNAGPT_BENCH_PRODUCTS(T)                                             \
    BENCHMARK(linear_speed<T, Pass::forward>)->Apply(linear_shapes);         \
    BENCHMARK(linear_speed<T, Pass::input>)->Apply(linear_shapes);           \
    BENCHMARK(linear_speed<T, Pass::weight>)->Apply(linear_shapes);          \
    BENCHMARK(attention_speed<T, false>)->ArgName("T")->Arg(512)->Arg(4096); \
    BENCHMARK(attention_speed<T, true>)->ArgName("T")->Arg(512)->Arg(4096)
DNAGPT_BENCH_PRODUCTS(float);
DNAGPT_BENCH_PRODUCTS(bf16);
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

int main(int argc, char** argv) {
    dnagpt::DeviceSession const device(0, 1);
    benchmark::AddCustomContext("device", device.description());
    benchmark::AddCustomContext("products", dnagpt::GemmEngine().description());
    benchmark::AddCustomContext("memcpy, read and written (GB/s)",
                                fmt::format("{:.1f}", dnagpt::memory_limit() / 1e9));
    benchmark::AddCustomContext("product of 2,048 x 2,048, float and bf16 (GFLOP/s)",
                                fmt::format("{:.1f} {:.1f}", dnagpt::product_limit<float>() / 1e9,
                                            dnagpt::product_limit<dnagpt::bf16>() / 1e9));
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
