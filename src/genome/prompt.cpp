#include "dnagpt/genome/prompt.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <system_error>

#include "dnagpt/core/check.hpp"

namespace dnagpt {

namespace {

bool is_digit_at(std::string_view text, std::size_t at) {
    return at < text.size() && text[at] >= '0' && text[at] <= '9';
}

bool is_sign_at(std::string_view text, std::size_t at) {
    return at < text.size() && (text[at] == '+' || text[at] == '-');
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
    while (is_digit_at(text, at)) {
        ++at;
    }
    return at;
}

/// The end of the longest `[+-]?\d+(\.\d+)?(e[+-]?\d+)?` that starts at `at`; `at` if none does.
std::size_t number_end(std::string_view text, std::size_t at) {
    std::size_t const digits = at + (is_sign_at(text, at) ? 1 : 0);
    std::size_t end = skip_digits(text, digits);
    if (end == digits) {
        return at;
    }
    if (end < text.size() && text[end] == '.' && is_digit_at(text, end + 1)) {
        end = skip_digits(text, end + 1);
    }
    if (end < text.size() && text[end] == 'e') {
        std::size_t const exponent = end + (is_sign_at(text, end + 1) ? 2 : 1);
        if (is_digit_at(text, exponent)) {
            end = skip_digits(text, exponent);
        }
    }
    return end;
}

double number_value(std::string_view text, std::size_t begin, std::size_t end) {
    std::size_t const first = begin + (text[begin] == '+' ? 1 : 0);
    double value = 0;
    auto const result = std::from_chars(text.data() + first, text.data() + end, value);
    DNAGPT_VALIDATE(result.ec == std::errc{} && result.ptr == text.data() + end,
                    << "the number " << text.substr(begin, end - begin) << " at position "
                    << begin + 1
                    << " cannot be held (outside the range of double precision); scale it");
    return value;
}

PromptPosition token_position(TokenId token) {
    return {.kind = PositionKind::token, .token = token};
}

/// The numbers after an `<M>`, or an asked number; returns where the text goes on.
std::size_t read_numbers(std::string_view text, std::size_t at, Prompt& prompt) {
    std::size_t end = number_end(text, at);
    if (end == at) {
        prompt.push_back({.kind = PositionKind::asked_number});
        return at;
    }
    for (;;) {
        prompt.push_back({.kind = PositionKind::number, .value = number_value(text, at, end)});
        if (end == text.size() || text[end] != ',') {
            return end;
        }
        at = end + 1;
        end = number_end(text, at);
        DNAGPT_VALIDATE(end != at, << "no number follows the comma at position " << at
                                   << " (numbers after <M> are written 1,-2.5,3e-2); add it or "
                                      "leave the comma out");
    }
}

/// Error naming the first digit of text[at, end), which is no number after `<M>`.
void refuse_stray_number(std::string_view text, std::size_t at, std::size_t end) {
    auto const begin = text.begin() + static_cast<std::ptrdiff_t>(at);
    auto const stop = text.begin() + static_cast<std::ptrdiff_t>(end);
    auto const digit = std::find_if(begin, stop, [](char c) { return c >= '0' && c <= '9'; });
    DNAGPT_VALIDATE(digit == stop,
                    << "the digit '" << *digit << "' at position " << digit - text.begin() + 1
                    << " belongs to no number (numbers stand right after <M>, as in <M>-0.35,1e-3, "
                       "and digits among tokens are written <1>); correct the text");
}

std::string number_text(double value) {
    DNAGPT_VALIDATE(std::isfinite(value), << "a prompt cannot hold the number " << value
                                          << " (it is not finite); replace it by a finite one");
    char buffer[32];
    auto const result = std::to_chars(buffer, buffer + sizeof buffer, value);
    return {buffer, result.ptr};
}

}  // namespace

Prompt parse_prompt(std::string_view text, Vocabulary vocabulary, TokenMode mode) {
    Prompt prompt;
    std::vector<TokenId> run;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '<') {
            TokenId const token = reserved_token_at(text, at);
            prompt.push_back(token_position(token));
            at += 3;
            if (token == m_token) {
                at = read_numbers(text, at, prompt);
            }
            continue;
        }
        std::size_t const end = std::min(text.find('<', at), text.size());
        refuse_stray_number(text, at, end);
        run.clear();
        append_run(text, at, end, vocabulary, mode, run);
        std::transform(run.begin(), run.end(), std::back_inserter(prompt), token_position);
        at = end;
    }
    return prompt;
}

std::string format_prompt(Prompt const& prompt, Vocabulary vocabulary) {
    std::string text;
    for (std::size_t i = 0; i < prompt.size(); ++i) {
        PromptPosition const& position = prompt[i];
        if (position.kind == PositionKind::token) {
            text += vocabulary.token_text(position.token);
            continue;
        }
        bool const after_number = i > 0 && prompt[i - 1].kind == PositionKind::number;
        bool const after_m = i > 0 && prompt[i - 1] == token_position(m_token);
        if (position.kind == PositionKind::asked_number) {
            DNAGPT_EXPECT(after_m);
            continue;
        }
        DNAGPT_EXPECT(after_m || after_number);
        text += after_number ? "," : "";
        text += number_text(position.value);
    }
    return text;
}

std::size_t input_length(Prompt const& prompt) {
    bool const asks_last = !prompt.empty() && prompt.back().kind == PositionKind::asked_number;
    return prompt.size() - (asks_last ? 1 : 0);
}

}  // namespace dnagpt
