#include "dnagpt/model/decoder.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "dnagpt/model/token_scores.hpp"
#include "model/small_model.hpp"

namespace dnagpt::testing {
namespace {

constexpr std::int64_t rows = 3;

Batch words_batch() {
    Batch batch;
    batch.rows = rows;
    batch.context_length = small_shape.context_length;
    auto const positions = static_cast<std::size_t>(rows * batch.context_length);
    for (std::size_t i = 0; i < positions; ++i) {
        batch.tokens.push_back(static_cast<std::int32_t>(
            random_below(5, i, static_cast<std::uint64_t>(small_shape.vocabulary_size))));
    }
    batch.targets.assign(positions, -1);
    for (std::int32_t const place : {3, 14}) {
        batch.tokens[static_cast<std::size_t>(place)] = -1;
        batch.number_positions.push_back(place);
        batch.number_values.push_back(0.5F * static_cast<float>(place));
    }
    return batch;
}

/// The numbers that rows read at position `t`.
struct NumbersRead {
    std::vector<float> values;
    std::vector<std::int32_t> rows;
};

NumbersRead numbers_at(Batch const& batch, std::int64_t t) {
    NumbersRead read;
    for (std::size_t i = 0; i < batch.number_positions.size(); ++i) {
        std::int64_t const place = batch.number_positions[i];
        if (place % batch.context_length == t) {
            read.values.push_back(batch.number_values[i]);
            read.rows.push_back(static_cast<std::int32_t>(place / batch.context_length));
        }
    }
    return read;
}

/// One row of the batch.
Batch row_of(Batch const& batch, std::int64_t row) {
    Batch alone;
    alone.rows = 1;
    alone.context_length = batch.context_length;
    std::int64_t const first = row * batch.context_length;
    alone.tokens.assign(batch.tokens.begin() + first,
                        batch.tokens.begin() + first + batch.context_length);
    for (std::size_t i = 0; i < batch.number_positions.size(); ++i) {
        if (batch.number_positions[i] / batch.context_length == row) {
            alone.number_positions.push_back(
                static_cast<std::int32_t>(batch.number_positions[i] - first));
            alone.number_values.push_back(batch.number_values[i]);
        }
    }
    return alone;
}

/// What reading a batch token by token gives.
struct Decoded {
    std::vector<double> hidden;  ///< (rows, T, C)
    std::vector<double> logits;  ///< (rows, V) of the last position
};

template <class T>
Decoded decoded(SmallModel<T>& model, Batch const& batch) {
    std::int64_t const rows = batch.rows;
    std::int64_t const length = batch.context_length;
    Decoder<T> decoder(model.params, rows, length, {});
    std::vector<double> hidden(static_cast<std::size_t>(rows * length * model.shape.channels));
    Buffer<std::int32_t> tokens("tokens", rows);
    Buffer<std::int32_t> positions("positions", rows);
    Buffer<float> numbers("numbers", rows);
    Buffer<std::int32_t> number_rows("number rows", rows);
    for (std::int64_t t = 0; t < length; ++t) {
        std::vector<std::int32_t> read;
        for (std::int64_t row = 0; row < rows; ++row) {
            read.push_back(batch.tokens[static_cast<std::size_t>(row * length + t)]);
        }
        std::vector<std::int32_t> const at(rows, static_cast<std::int32_t>(t));
        auto const read_numbers = numbers_at(batch, t);
        auto const count = std::ssize(read_numbers.rows);
        copy_to_device(read_numbers.values.data(), numbers.data(), count);
        copy_to_device(read_numbers.rows.data(), number_rows.data(), count);
        copy_to_device(read.data(), tokens.data(), rows);
        copy_to_device(at.data(), positions.data(), rows);
        decode_step(decoder,
                    {tokens.view(), positions.view(), element_range(numbers.view(), 0, count),
                     element_range(number_rows.view(), 0, count)});
        auto const step =
            to_doubles(to_host(decoder.state.hidden.data(), rows * model.shape.channels));
        for (std::int64_t row = 0; row < rows; ++row) {
            std::copy_n(step.begin() + row * model.shape.channels, model.shape.channels,
                        hidden.begin() + (row * length + t) * model.shape.channels);
        }
    }
    std::vector<std::int32_t> every(static_cast<std::size_t>(rows));
    std::iota(every.begin(), every.end(), 0);
    copy_to_device(every.data(), number_rows.data(), rows);
    return {hidden, to_doubles(hidden_logits(decoder.context, decoder.params, decoder.state.hidden,
                                             number_rows.view()))};
}

/// Largest difference over the largest of `expected`.
double difference_of(std::vector<double> const& expected, std::vector<double> const& found) {
    EXPECT_EQ(expected.size(), found.size());
    double largest = 0;
    double difference = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        largest = std::max(largest, std::abs(expected[i]));
        difference = std::max(difference, std::abs(expected[i] - found[i]));
    }
    EXPECT_GT(largest, 0.5);
    return difference / largest;
}

template <class T>
void expect_decoder_agrees(double tolerance) {
    SmallModel<T> model(small_shape, rows);
    model.set_weights(lively_weights(model.layout, 3));
    Batch const batch = words_batch();
    model.forward(batch);
    auto const whole = to_doubles(to_host(
        model.saved.hidden.data(), rows * small_shape.context_length * small_shape.channels));
    EXPECT_LE(difference_of(whole, decoded(model, batch).hidden), tolerance);
}

template <class T>
void expect_same_logits_at_any_batch_size(double tolerance) {
    SmallModel<T> model(small_shape, rows);
    model.set_weights(lively_weights(model.layout, 3));
    Batch const batch = words_batch();
    std::vector<double> const together = decoded(model, batch).logits;
    for (std::int64_t row = 0; row < rows; ++row) {
        auto const begin = together.begin() + row * small_shape.vocabulary_size;
        std::vector<double> const own(begin, begin + small_shape.vocabulary_size);
        EXPECT_LE(difference_of(own, decoded(model, row_of(batch, row)).logits), tolerance);
    }
}

#if defined(DNAGPT_HAVE_DOUBLE)
TEST(Decoder, ReadingTokenByTokenIsReadingAtOnce) {
    expect_decoder_agrees<double>(1e-13);
}
#endif

/// Two layers of about ten sums of eight terms each, rounded to T after every operation.
constexpr double float_rounding = 200 * 6e-8;
constexpr double bf16_rounding = 20 * 4e-3;

TEST(Decoder, NarrowTypesAgreeWithinTheirRounding) {
    expect_decoder_agrees<float>(float_rounding);
    expect_decoder_agrees<bf16>(bf16_rounding);
}

TEST(Decoder, LogitsDoNotDependOnTheBatchBeyondRounding) {
    expect_same_logits_at_any_batch_size<float>(float_rounding);
    expect_same_logits_at_any_batch_size<bf16>(bf16_rounding);
}

TEST(Decoder, LogitsOfItsHiddenStatesAreThoseOfThePositions) {
    SmallModel<float> model(small_shape, rows);
    model.set_weights(lively_weights(model.layout, 3));
    model.forward(words_batch());
    std::vector<std::int32_t> const places = {4, 17};
    Buffer<std::int32_t> list("places", 2);
    copy_to_device(places.data(), list.data(), 2);
    EXPECT_EQ(token_logits(model.context, model.params, model.saved, list.view()),
              hidden_logits(model.context, model.params, model.saved.hidden, list.view()));
}

}  // namespace
}  // namespace dnagpt::testing
