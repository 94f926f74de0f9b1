#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace dnagpt {

/// The number of a token in a vocabulary: 0 .. size() - 1.
using TokenId = std::int32_t;

/// Base codes are places in this text: N = 0, A = 1, G = 2, C = 3, T = 4.
inline constexpr std::string_view base_letters = "NAGCT";
inline constexpr int bases_per_word = 6;
/// Words are all 6-mers over base_letters; word numbers count them, first base slowest.
inline constexpr int word_count = 15625;

/// Reserved tokens stand first in both vocabularies; a token's id is its place in this text.
inline constexpr std::string_view reserved_letters = "0123456789+-*/=&|!MBPRIKLOQSUVWYXZ";
inline constexpr int reserved_count = 34;
static_assert(reserved_letters.size() == reserved_count);

/// What the released tokenizer gives for text outside its vocabulary; also the token `<0>`.
inline constexpr TokenId unknown_token = 0;
/// Joins two parts of an input.
inline constexpr TokenId plus_token = 10;
/// Separates input from output.
inline constexpr TokenId equals_token = 14;
/// Closes a generated sequence.
inline constexpr TokenId stop_token = 17;
/// A number follows.
inline constexpr TokenId m_token = 18;
/// A class follows.
inline constexpr TokenId b_token = 19;
/// Fills rows of a batch up to a common length.
inline constexpr TokenId padding_token = 20;

/// fixed: 6-mers only. dynamic: k-mers with k = 1 .. 6, shortest first.
enum class VocabularyKind : std::uint8_t { fixed, dynamic };

/// "fixed" or "dynamic".
std::string_view vocabulary_name(VocabularyKind kind);
/// The kind called `name`; Error for any other name.
VocabularyKind vocabulary_kind(std::string_view name);

/// The id of a reserved token by its letter, such as 'R' or '+'; Error for any other letter.
TokenId reserved_token(char letter);
/// The id of a species' token. Error unless it is one of I K L O Q R S U V W Z: digits, signs,
/// M, B, P and the class answers X and Y have other meanings.
TokenId species_token(char letter);

/// The mapping between words and token ids (arXiv 2307.05628). A value, free to copy.
struct Vocabulary {
    VocabularyKind kind = VocabularyKind::fixed;

    /// 15,659 (fixed) or 19,564 (dynamic).
    [[nodiscard]] constexpr TokenId size() const { return first_word_id() + word_count; }
    /// The id of word number 0, NNNNNN.
    [[nodiscard]] constexpr TokenId first_word_id() const {
        return kind == VocabularyKind::fixed ? reserved_count : 3939;
    }
    /// The id of a word number 0 .. 15,624.
    [[nodiscard]] constexpr TokenId word_token(std::uint16_t word) const {
        return first_word_id() + word;
    }
    /// Whether an id is a 6-mer.
    [[nodiscard]] constexpr bool is_word(TokenId id) const {
        return id >= first_word_id() && id < size();
    }
    /// The word number of an id that is a 6-mer.
    [[nodiscard]] constexpr std::uint16_t word_number(TokenId id) const {
        return static_cast<std::uint16_t>(id - first_word_id());
    }
    /// The class answer "true": `N` (34) in the dynamic vocabulary, `<Y>` (31) in the fixed one.
    [[nodiscard]] constexpr TokenId true_word() const {
        return kind == VocabularyKind::fixed ? 31 : 34;
    }
    /// The class answer "false": `A` (35) in the dynamic vocabulary, `<X>` (32) in the fixed one.
    [[nodiscard]] constexpr TokenId false_word() const {
        return kind == VocabularyKind::fixed ? 32 : 35;
    }
    /// The id of a k-mer given as 1 .. 6 base codes. The fixed vocabulary has 6-mers only; what it
    /// lacks gives unknown_token.
    [[nodiscard]] TokenId kmer_token(std::span<std::uint8_t const> codes) const;
    /// `<R>` for a reserved token, the bases of a k-mer otherwise; Error for an id out of range.
    [[nodiscard]] std::string token_text(TokenId id) const;
    /// The inverse of token_text; Error for text that is no token of this vocabulary.
    [[nodiscard]] TokenId token_id(std::string_view text) const;

    friend bool operator==(Vocabulary const&, Vocabulary const&) = default;
};

/// How many of a word's six bases are G or C, and how many are A, C, G or T.
struct WordCounts {
    std::uint8_t gc;
    std::uint8_t acgt;
};

/// The counts of every word number.
std::span<WordCounts const, word_count> word_counts();
/// The six base codes of every word number, followed by two zeros.
std::span<std::array<std::uint8_t, 8> const, word_count> word_bases();
/// Whether a word holds at least one N.
bool word_has_n(std::uint16_t word);
/// The numbers of the 4,096 words without N, in order: those that begin with A, then G, C, T.
std::span<std::uint16_t const> words_without_n();

}  // namespace dnagpt
