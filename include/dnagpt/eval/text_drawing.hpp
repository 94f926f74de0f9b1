#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dnagpt/eval/prompt_answers.hpp"
#include "dnagpt/eval/token_sampling.hpp"
#include "dnagpt/genome/vocabulary.hpp"

namespace dnagpt {

/// A prompt, less the bases behind the last whole word of its end.
struct TextPrompt {
    PromptInput input;
    std::vector<std::uint8_t> tail;  ///< these bases: the first word that is drawn begins with them
};
/// Error for a text that is no prompt, or has nothing in front of the tail.
TextPrompt text_prompt(std::string_view text, Vocabulary vocabulary);

/// What is drawn.
struct TextForm {
    std::int64_t bases = 600;  ///< new ones, behind the prompt
    Sampling sampling;
    std::uint64_t seed = 1;
    std::vector<TokenId> stops;   ///< words that end the text
    bool unmasked = false;        ///< any token is drawn; one that is no word ends the text
    bool slide = false;           ///< go on behind the longest input with its last half
    std::int64_t longest = 0;     ///< positions that are read at most
    bool reads_numbers = true;    ///< the model has an embedding of numbers
    bool answers_numbers = true;  ///< and a regression head
    Vocabulary vocabulary;
};

/// One text on its way: what it reads next, and what it does with the model's answers.
class TextDrawing {
  public:
    /// `number` counts all texts of a run: with the seed and the word's number it decides the draw.
    /// The form must outlive the text. Errors: prompt and bases are more than is read at most,
    /// the prompt holds or asks for numbers and the model lacks the part for it.
    TextDrawing(TextPrompt const& prompt, std::int64_t number, TextForm const& form);

    bool done() const { return !end_.empty(); }
    /// Positions that it may come to, sliding included.
    std::int64_t most_positions() const { return most_positions_; }
    std::int64_t position() const { return read_; }
    /// Of the bases to draw, what share is drawn; 1 for a text that has ended.
    double share() const;
    /// What is read at that position: a token, or -1 for number().
    TokenId token() const { return inputs_[static_cast<std::size_t>(read_)].token; }
    float number() const { return inputs_[static_cast<std::size_t>(read_)].number; }
    /// To be called when it has been read; then at most one of the next two is true.
    void advance() { ++read_; }
    bool needs_number() const;
    bool needs_word() const { return !done() && read_ == std::ssize(inputs_); }
    void take_number(float number);
    /// Draws the next word from the logits (V).
    void take_logits(std::span<float const> logits);

    /// The new bases, "length", "stop" or the token that ended them, and the numbers answered.
    std::string bases() const;
    std::string const& end() const { return end_; }
    std::vector<float> const& answered() const { return answered_; }

  private:
    struct Input {
        TokenId token = 0;
        float number = 0;
        bool asked = false;
    };

    std::vector<float> masked(std::span<float const> logits) const;
    bool allowed(std::span<std::uint8_t const> word) const;
    void take_word(TokenId token);
    void slide();

    TextForm const* form_;
    std::int64_t number_;
    std::vector<std::uint8_t> tail_;
    std::vector<Input> inputs_;
    std::int64_t most_positions_ = 0;
    std::int64_t read_ = 0;
    std::int64_t words_ = 0;
    std::vector<std::uint8_t> codes_;
    std::vector<float> answered_;
    std::string end_;
};

}  // namespace dnagpt
