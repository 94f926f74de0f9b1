#include "dnagpt/eval/text_generation.hpp"

#include <algorithm>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/eval/step_input.hpp"
#include "dnagpt/model/token_scores.hpp"

namespace dnagpt {
namespace {

HostStep next_step(std::span<TextDrawing> texts, std::int64_t rows) {
    HostStep step(rows);
    for (std::size_t row = 0; row < texts.size(); ++row) {
        TextDrawing const& text = texts[row];
        if (text.done()) {
            continue;
        }
        if (text.token() < 0) {
            step.read_number(row, text.number(), text.position());
        } else {
            step.read_token(row, text.token(), text.position());
        }
    }
    return step;
}

template <class Asks>
std::vector<std::int32_t> rows_that(std::span<TextDrawing> texts, Asks const& asks) {
    std::vector<std::int32_t> rows;
    for (std::size_t row = 0; row < texts.size(); ++row) {
        if (asks(texts[row])) {
            rows.push_back(static_cast<std::int32_t>(row));
        }
    }
    return rows;
}

template <class T>
void answer_numbers(Decoder<T>& decoder, std::span<TextDrawing> texts, StepInput& input) {
    auto const rows = rows_that(texts, [](auto const& text) { return text.needs_number(); });
    if (rows.empty()) {
        return;
    }
    auto const numbers = hidden_numbers(decoder.context, decoder.params, decoder.state.hidden,
                                        input.upload_rows(rows));
    for (std::size_t i = 0; i < rows.size(); ++i) {
        texts[static_cast<std::size_t>(rows[i])].take_number(numbers[i]);
    }
}

template <class T>
void draw_words(Decoder<T>& decoder, std::span<TextDrawing> texts, StepInput& input) {
    auto const rows = rows_that(texts, [](auto const& text) { return text.needs_word(); });
    if (rows.empty()) {
        return;
    }
    auto const logits = hidden_logits(decoder.context, decoder.params, decoder.state.hidden,
                                      input.upload_rows(rows));
    auto const vocabulary = static_cast<std::size_t>(decoder.params.shape.vocabulary_size);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        texts[static_cast<std::size_t>(rows[i])].take_logits(
            std::span(logits).subspan(i * vocabulary, vocabulary));
    }
}

double mean_share(std::span<TextDrawing const> texts) {
    double sum = 0;
    for (TextDrawing const& text : texts) {
        sum += text.share();
    }
    return sum / static_cast<double>(texts.size());
}

}  // namespace

template <class T>
void draw_texts(Decoder<T>& decoder, std::span<TextDrawing> texts, ReportShare const& report) {
    std::int64_t const rows = decoder.state.cache.rows;
    DNAGPT_EXPECT(std::ssize(texts) <= rows);
    StepInput input(rows);
    while (!std::ranges::all_of(texts, &TextDrawing::done)) {
        decode_step(decoder, input.upload(next_step(texts, rows)));
        for (TextDrawing& text : texts) {
            if (!text.done()) {
                text.advance();
            }
        }
        answer_numbers(decoder, texts, input);
        draw_words(decoder, texts, input);
        if (report) {
            report(mean_share(texts));
        }
    }
}

template void draw_texts(Decoder<float>&, std::span<TextDrawing>, ReportShare const&);
template void draw_texts(Decoder<bf16>&, std::span<TextDrawing>, ReportShare const&);

}  // namespace dnagpt
