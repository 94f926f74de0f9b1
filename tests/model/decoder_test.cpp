#include "dnagpt/model/decoder.hpp"

#include <gtest/gtest.h>

#include <cmath>
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

/// Final hidden states (rows, T, C) of reading the batch token by token.
template <class T>
std::vector<double> decoded(SmallModel<T>& model, Batch const& batch) {
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
    return hidden;
}

template <class T>
void expect_decoder_agrees(double tolerance) {
    SmallModel<T> model(small_shape, rows);
    model.set_weights(lively_weights(model.layout, 3));
    Batch const batch = words_batch();
    model.forward(batch);
    auto const whole = to_doubles(to_host(
        model.saved.hidden.data(), rows * small_shape.context_length * small_shape.channels));
    auto const steps = decoded(model, batch);
    double largest = 0;
    double difference = 0;
    for (std::size_t i = 0; i < whole.size(); ++i) {
        largest = std::max(largest, std::abs(whole[i]));
        difference = std::max(difference, std::abs(whole[i] - steps[i]));
    }
    EXPECT_GT(largest, 0.5);
    EXPECT_LE(difference, tolerance * largest);
}

#if defined(DNAGPT_HAVE_DOUBLE)
TEST(Decoder, ReadingTokenByTokenIsReadingAtOnce) {
    expect_decoder_agrees<double>(1e-13);
}
#endif

/// Two layers of about ten sums of eight terms each, rounded to T after every operation.
TEST(Decoder, NarrowTypesAgreeWithinTheirRounding) {
    expect_decoder_agrees<float>(200 * 6e-8);
    expect_decoder_agrees<bf16>(20 * 4e-3);
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
