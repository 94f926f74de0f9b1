#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dnagpt/genome/vocabulary.hpp"

namespace dnagpt {

/// What becomes of a run of bases whose length is no multiple of six, and of odd letters.
enum class TokenMode : std::uint8_t {
    /// Bases are normalised; the tail is the r-mer word (dynamic) or filled up with N (fixed).
    filled,
    /// Id-exact with the released tokenizer: whatever is no word as written (a lower-case or IUPAC
    /// letter in it; in the fixed vocabulary a tail) is unknown_token.
    compatible
};

/// Base codes of `letters` into `codes` (at least as long): either case, U as T, every other IUPAC
/// code as N. Stops at the first letter that is no nucleotide code and returns its index;
/// letters.size() when all are. `codes` may not overlap `letters`.
std::size_t normalise_bases(std::string_view letters, std::span<std::uint8_t> codes);
/// Base codes of `letters`; Error naming the 1-based position of a letter that is no nucleotide
/// code.
std::vector<std::uint8_t> base_codes(std::string_view letters);
/// The base codes of a word token; none for a reserved one.
std::vector<std::uint8_t> codes_of_token(TokenId token, Vocabulary vocabulary);
/// The letters N A G C T of base codes.
std::string bases_text(std::span<std::uint8_t const> codes);

/// Word numbers of base codes: codes.size() a multiple of 6, words.size() a sixth of it.
void pack_words(std::span<std::uint8_t const> codes, std::span<std::uint16_t> words);
/// The same for any number of base codes; the last word is filled up with N.
std::vector<std::uint16_t> pack_words_filled(std::span<std::uint8_t const> codes);
/// Base codes of word numbers (each below 15,625): codes.size() is six times words.size().
void unpack_words(std::span<std::uint16_t const> words, std::span<std::uint8_t> codes);

/// Turns a run of bases round (no complement), in place.
void reverse_bases(std::span<std::uint8_t> codes);
/// The other strand, in place: reversed, A with T and G with C exchanged.
void reverse_complement_bases(std::span<std::uint8_t> codes);

/// The tokens of one run of base codes, tail as in TokenMode::filled.
std::vector<TokenId> encode_bases(std::span<std::uint8_t const> codes, Vocabulary vocabulary);
/// Appends the tokens of text[begin, end), a run of letters without reserved tokens. Errors name
/// the 1-based position in `text`.
void append_run(std::string_view text, std::size_t begin, std::size_t end, Vocabulary vocabulary,
                TokenMode mode, std::vector<TokenId>& tokens);
/// The reserved token that stands at text[at] as `<R>`; Error naming the position otherwise.
TokenId reserved_token_at(std::string_view text, std::size_t at);

/// The tokens of a text of bases and reserved tokens such as `<R>CTGTATACCACAGA`. Errors name the
/// 1-based position in `text`.
std::vector<TokenId> encode_text(std::string_view text, Vocabulary vocabulary,
                                 TokenMode mode = TokenMode::filled);
/// The text of tokens, one after the other; Error for an id out of range.
std::string decode_tokens(std::span<TokenId const> tokens, Vocabulary vocabulary);

}  // namespace dnagpt
