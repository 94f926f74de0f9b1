#pragma once

#include <cstdint>
#include <span>

#include "dnagpt/data/batch.hpp"
#include "dnagpt/data/sampler.hpp"
#include "dnagpt/genome/vocabulary.hpp"

namespace dnagpt {

/// GC numbers are (share - gc_mean) / gc_deviation.
inline constexpr double gc_mean = 0.42;
inline constexpr double gc_deviation = 0.10;

/// What was drawn for one example.
struct ExampleChoice {
    bool reversed = false;
    /// The number stands behind the first `words_before` units of the row, 1 .. n.
    std::int64_t words_before = 1;
    /// The scaled GC share of those words.
    float gc = 0;
};

/// Turns a row's bases round (no complement): the units in reverse order, each word reversed.
/// A join at either end stays there, so that its place does not tell the direction.
void reverse_row(std::span<std::uint16_t> row);

/// Draws direction and place of the number, keyed by (seed, sample), and reverses `row` if drawn.
ExampleChoice draw_example(std::uint64_t seed, std::int64_t sample, std::span<std::uint16_t> row);

/// A batch of `rows` rows of T positions without any target.
Batch empty_batch(std::int64_t rows, std::int64_t context_length);

/// Fills row `index` of `batch` with `<S> w1 .. wj <M> g wj+1 .. wn <=> <B>`, n = T - 5. Token
/// targets are the next words; `<M>`, the number, `<=>`, `<B>`, joins and words holding N are none.
/// g is the regression target at `<M>`, the true word (as in the genome) or the false word
/// (reversed) the answer at `<B>`. Rows are filled in ascending order.
void fill_pretrain_row(Batch& batch, std::int64_t index, Vocabulary vocabulary,
                       std::int32_t species, char token, std::span<std::uint16_t const> row,
                       ExampleChoice const& choice);

}  // namespace dnagpt
