#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dnagpt/data/labelled_set.hpp"
#include "dnagpt/genome/vocabulary.hpp"

namespace dnagpt {

/// The input of one example.
struct PromptRow {
    std::vector<std::int32_t> tokens;  ///< ids; -1 where a number stands
    std::vector<float> numbers;        ///< of those places, in order
};

/// A prompt with places for an example's sequence and numbers, such as
/// `<S>{sequence}<+><M>{numbers}<=><M>`.
class PromptTemplate {
  public:
    /// `<S>` stands for the set's species token. A text without `<` and `{` is the name of a
    /// template (prompt_template_names). Error naming what is wrong with `text`.
    PromptTemplate(std::string_view text, Vocabulary vocabulary, char species_token);

    /// The template in full, where `text` was a name.
    std::string const& text() const { return text_; }
    bool has_sequence() const { return has(Part::sequence); }
    bool has_numbers() const { return has(Part::numbers); }
    /// The token at its end, where none of its places stands there.
    std::optional<TokenId> last_token() const;
    /// Positions of a prompt with a sequence of `bases` bases and `numbers` numbers.
    std::int64_t length(std::int64_t bases, std::int64_t numbers) const;
    /// The sequence's tail as in TokenMode::filled; `numbers` are scaled already.
    PromptRow fill(std::span<std::uint8_t const> codes, std::span<float const> numbers) const;

  private:
    enum class Part : std::uint8_t { tokens, sequence, numbers };
    struct Piece {
        Part part = Part::tokens;
        std::vector<TokenId> tokens;
    };
    void add_tokens(std::string_view text, char species_token);
    void add_place(std::string_view name);
    bool has(Part part) const;

    std::string text_;
    Vocabulary vocabulary_;
    std::vector<Piece> pieces_;
};

/// "class" (pretraining's form), "number", "haplotypes", and of the published heads
/// "released_class" and "released_number".
std::vector<std::string> prompt_template_names();

/// The template for an answer where none is named: with a place for what the examples hold.
std::string default_prompt(AnswerKind answer, bool sequences, bool numbers);

/// The word that answers class `label` of `classes`: the vocabulary's true word for the second of
/// two, its false word for the first; `<1>` .. `<9>`, then letters, for more than two. Error for
/// more classes than there are words.
TokenId class_word(Vocabulary vocabulary, std::size_t label, std::size_t classes);

}  // namespace dnagpt
