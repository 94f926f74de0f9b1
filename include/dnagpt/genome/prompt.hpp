#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "dnagpt/genome/vocabulary.hpp"

namespace dnagpt {

/// token: has an id. number: has a value. asked_number: the model's answer at the `<M>` before it
/// goes here.
enum class PositionKind : std::uint8_t { token, number, asked_number };

/// One position of a prompt.
struct PromptPosition {
    PositionKind kind = PositionKind::token;
    TokenId token = unknown_token;
    double value = 0;

    friend bool operator==(PromptPosition const&, PromptPosition const&) = default;
};

using Prompt = std::vector<PromptPosition>;

/// Reads the prompt language, such as `<R>ATCGTC<+><M>-0.3484<=><M>`: bases, reserved tokens, and
/// after `<M>` decimal numbers `[+-]?\d+(\.\d+)?(e[+-]?\d+)?` separated by commas. An `<M>` without
/// a number asks for one. Errors name the 1-based position in `text`.
Prompt parse_prompt(std::string_view text, Vocabulary vocabulary,
                    TokenMode mode = TokenMode::filled);

/// The text of a prompt; parse_prompt gives the same prompt back, numbers bit for bit. A run of
/// bases may have a word shorter than six only at its end. Error for a number that is not finite.
std::string format_prompt(Prompt const& prompt, Vocabulary vocabulary);

/// How many positions the model reads: all but an asked number at the end, which is its output.
std::size_t input_length(Prompt const& prompt);

}  // namespace dnagpt
