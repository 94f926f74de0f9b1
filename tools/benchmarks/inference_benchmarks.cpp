#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/ops/attention_rows.hpp"
#include "dnagpt/ops/cached_attention.hpp"
#include "dnagpt/ops/grouped_log_sums.hpp"
#include "dnagpt/ops/row_means.hpp"
#include "kernel_benchmark.hpp"

// Kernels of scoring, embeddings, attention maps and generation.

namespace dnagpt {
namespace {

/// The words that begin with each of four bases, for the bits of single bases.
template <class T>
void grouped_log_sums_speed(benchmark::State& state) {
    auto context = make_context();
    constexpr std::int64_t some_rows = rows / 8;
    constexpr std::int64_t groups = 4;
    constexpr std::int64_t members = 1024;
    std::vector<std::int32_t> words(groups * members);
    std::iota(words.begin(), words.end(), 0);
    auto const columns = device_list(words);
    auto const logits = random_buffer<T>(some_rows * vocabulary);
    Buffer<double> const sums("sums", some_rows * groups);
    measure(state, 1.0 * sizeof(T) * some_rows * groups * members, [&] {
        grouped_log_sums(context, matrix_of(logits, vocabulary), matrix_of(columns, members),
                         matrix_of(sums, groups));
    });
}

/// One mean of each sequence.
template <class T>
void row_means_speed(benchmark::State& state) {
    constexpr std::int64_t sequences = rows / context_length;
    std::vector<std::int32_t> places(rows);
    std::iota(places.begin(), places.end(), 0);
    std::vector<std::int32_t> starts(sequences + 1);
    for (std::size_t i = 0; i < starts.size(); ++i) {
        starts[i] = static_cast<std::int32_t>(i * context_length);
    }
    auto const where = device_list(places);
    auto const first = device_list(starts);
    auto const source = random_buffer<T>(rows * channels);
    Buffer<float> const means("means", sequences * channels);
    measure(state, 1.0 * sizeof(T) * rows * channels, [&] {
        row_means(matrix_of(source, channels), first.view(), where.view(),
                  matrix_of(means, channels));
    });
}

/// The last position of each sequence, whose row is the longest; bytes of the keys.
template <class T>
void attention_rows_speed(benchmark::State& state) {
    AttentionShape const shape{rows / context_length, context_length, heads, head_dimension};
    std::vector<std::int32_t> queries(rows / context_length);
    for (std::size_t i = 0; i < queries.size(); ++i) {
        queries[i] = static_cast<std::int32_t>((i + 1) * context_length - 1);
    }
    auto const at = device_list(queries);
    auto const qkv = random_buffer<T>(rows * 3 * channels);
    Buffer<float> const maps("maps", rows * heads);
    measure(state, 1.0 * sizeof(T) * rows * channels, [&] {
        attention_rows(shape, matrix_of(qkv, 3 * channels), at.view(),
                       matrix_of(maps, context_length));
    });
}

/// The last position of each sequence that is generated; bytes of the keys and values.
template <class T>
void cached_attention_speed(benchmark::State& state) {
    auto context = make_context();
    constexpr std::int64_t sequences = rows / context_length;
    CacheShape const shape{sequences, context_length, heads, head_dimension};
    auto const qkv = random_buffer<T>(sequences * 3 * channels);
    auto const keys = random_buffer<T>(rows * channels);
    auto const values = random_buffer<T>(rows * channels);
    auto const positions = device_list(std::vector<std::int32_t>(sequences, context_length - 1));
    Buffer<T> const output("output", sequences * channels);
    measure(state, 2.0 * sizeof(T) * rows * channels, [&] {
        cached_attention_forward(context, shape, matrix_of(qkv, 3 * channels), positions.view(),
                                 matrix_of(keys, head_dimension), matrix_of(values, head_dimension),
                                 matrix_of(output, channels));
    });
}

BENCHMARK(grouped_log_sums_speed<float>);
BENCHMARK(grouped_log_sums_speed<bf16>);
BENCHMARK(row_means_speed<float>);
BENCHMARK(row_means_speed<bf16>);
BENCHMARK(attention_rows_speed<float>);
BENCHMARK(attention_rows_speed<bf16>);
BENCHMARK(cached_attention_speed<float>);
BENCHMARK(cached_attention_speed<bf16>);

}  // namespace
}  // namespace dnagpt
