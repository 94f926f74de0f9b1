#include "dnagpt/genome/kmer_tokenizer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "dnagpt/core/check.hpp"

namespace dnagpt {

namespace {

constexpr std::uint8_t no_base = 255;
constexpr std::string_view iupac_letters = "ACGTUNRYSWKMBDHV";

constexpr std::array<std::uint8_t, 256> make_code_table() {
    std::array<std::uint8_t, 256> table{};
    table.fill(no_base);
    for (char const letter : iupac_letters) {
        char const base = letter == 'U' ? 'T' : letter;
        auto const place = base_letters.find(base);
        auto const code = static_cast<std::uint8_t>(place == std::string_view::npos ? 0 : place);
        table[static_cast<unsigned char>(letter)] = code;
        table[static_cast<unsigned char>(letter | 0x20)] = code;
    }
    return table;
}
constexpr std::array<std::uint8_t, 256> code_table = make_code_table();

/// 1 where two bytes are equal, else 0.
std::uint8_t equal_bytes(int byte, char letter) {
    return static_cast<std::uint8_t>(byte == letter);
}

/// Codes of `size` letters if all are A C G T U N in either case, which it returns. A sum of
/// comparisons: g++ 12 vectorises it (50 times as fast), but neither conditions nor a choice of
/// the greatest.
bool plain_codes(char const* __restrict letters, std::size_t size, std::uint8_t* __restrict codes) {
    std::uint8_t other = 0;
    for (std::size_t i = 0; i < size; ++i) {
        auto const upper = static_cast<std::uint8_t>(letters[i] & 0xDF);
        auto const code = static_cast<std::uint8_t>(
            equal_bytes(upper, 'A') + 2 * equal_bytes(upper, 'G') + 3 * equal_bytes(upper, 'C') +
            4 * equal_bytes(upper & 0xFE, 'T'));
        other |= equal_bytes(code + equal_bytes(upper, 'N'), 0);
        codes[i] = code;
    }
    return other == 0;
}

/// The number of the word whose base codes are the lower six bytes, first base lowest. Two bases
/// are joined in each 16-bit lane, then the three lanes in the third.
std::uint16_t word_of_bytes(std::uint64_t bytes) {
    constexpr std::uint64_t pair_weights = (std::uint64_t{5} << 8) | 1U;
    constexpr std::uint64_t lane_weights =
        (std::uint64_t{625} << 32) | (std::uint64_t{25} << 16) | 1U;
    std::uint64_t const pairs = ((bytes * pair_weights) >> 8) & 0x000000FF00FF00FFU;
    return static_cast<std::uint16_t>((pairs * lane_weights) >> 32);
}

std::uint64_t load_bytes(std::uint8_t const* source, std::size_t count) {
    static_assert(std::endian::native == std::endian::little);
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, source, count);
    return bytes;
}

void append_compatible_run(std::string_view letters, Vocabulary vocabulary,
                           std::vector<TokenId>& tokens) {
    for (std::size_t i = 0; i < letters.size(); i += bases_per_word) {
        std::string_view const chunk = letters.substr(i, bases_per_word);
        bool const is_kmer = chunk.find_first_not_of(base_letters) == std::string_view::npos;
        tokens.push_back(is_kmer ? vocabulary.kmer_token(base_codes(chunk)) : unknown_token);
    }
}

void append_codes(std::span<std::uint8_t const> codes, Vocabulary vocabulary,
                  std::vector<TokenId>& tokens) {
    while (codes.size() >= bases_per_word) {
        tokens.push_back(vocabulary.kmer_token(codes.first(bases_per_word)));
        codes = codes.subspan(bases_per_word);
    }
    if (codes.empty()) {
        return;
    }
    if (vocabulary.kind == VocabularyKind::dynamic) {
        tokens.push_back(vocabulary.kmer_token(codes));
    } else {
        tokens.push_back(vocabulary.word_token(pack_words_filled(codes).front()));
    }
}

}  // namespace

std::size_t normalise_bases(std::string_view letters, std::span<std::uint8_t> codes) {
    DNAGPT_EXPECT(codes.size() >= letters.size());
    constexpr std::size_t block = 4096;
    for (std::size_t begin = 0; begin < letters.size(); begin += block) {
        std::size_t const size = std::min(block, letters.size() - begin);
        if (plain_codes(letters.data() + begin, size, codes.data() + begin)) {
            continue;
        }
        for (std::size_t i = begin; i < begin + size; ++i) {
            codes[i] = code_table[static_cast<unsigned char>(letters[i])];
            if (codes[i] == no_base) {
                return i;
            }
        }
    }
    return letters.size();
}

std::vector<std::uint8_t> base_codes(std::string_view letters) {
    std::vector<std::uint8_t> codes(letters.size());
    std::size_t const bad = normalise_bases(letters, codes);
    DNAGPT_VALIDATE(bad == letters.size(), << "'" << letters[bad] << "' at position " << bad + 1
                                           << " is no nucleotide code (allowed are "
                                           << iupac_letters << "); correct the sequence");
    return codes;
}

std::vector<std::uint8_t> codes_of_token(TokenId token, Vocabulary vocabulary) {
    return token < reserved_count ? std::vector<std::uint8_t>()
                                  : base_codes(vocabulary.token_text(token));
}

std::string bases_text(std::span<std::uint8_t const> codes) {
    std::string text(codes.size(), 'N');
    std::transform(codes.begin(), codes.end(), text.begin(),
                   [](std::uint8_t code) { return base_letters[code]; });
    return text;
}

void pack_words(std::span<std::uint8_t const> codes, std::span<std::uint16_t> words) {
    DNAGPT_EXPECT(codes.size() == words.size() * bases_per_word);
    if (words.empty()) {
        return;
    }
    std::uint8_t const* source = codes.data();
    for (std::size_t i = 0; i + 1 < words.size(); ++i, source += bases_per_word) {
        words[i] = word_of_bytes(load_bytes(source, sizeof(std::uint64_t)));
    }
    words.back() = word_of_bytes(load_bytes(source, bases_per_word));
}

std::vector<std::uint16_t> pack_words_filled(std::span<std::uint8_t const> codes) {
    std::size_t const whole = codes.size() / bases_per_word;
    std::size_t const tail = codes.size() % bases_per_word;
    std::vector<std::uint16_t> words(whole + (tail != 0 ? 1 : 0));
    pack_words(codes.first(whole * bases_per_word), std::span(words).first(whole));
    if (tail != 0) {
        words.back() = word_of_bytes(load_bytes(codes.data() + whole * bases_per_word, tail));
    }
    return words;
}

void unpack_words(std::span<std::uint16_t const> words, std::span<std::uint8_t> codes) {
    DNAGPT_EXPECT(codes.size() == words.size() * bases_per_word);
    if (words.empty()) {
        return;
    }
    auto const table = word_bases();
    std::uint16_t const largest = *std::max_element(words.begin(), words.end());
    DNAGPT_EXPECT(largest < word_count);
    std::uint8_t* target = codes.data();
    for (std::size_t i = 0; i + 1 < words.size(); ++i, target += bases_per_word) {
        std::memcpy(target, table[words[i]].data(), sizeof(std::uint64_t));
    }
    std::memcpy(target, table[words.back()].data(), bases_per_word);
}

void reverse_bases(std::span<std::uint8_t> codes) {
    std::reverse(codes.begin(), codes.end());
}

void reverse_complement_bases(std::span<std::uint8_t> codes) {
    std::reverse(codes.begin(), codes.end());
    for (std::uint8_t& code : codes) {
        code = static_cast<std::uint8_t>(code == 0 ? 0 : 5 - code);
    }
}

std::vector<TokenId> encode_bases(std::span<std::uint8_t const> codes, Vocabulary vocabulary) {
    std::vector<TokenId> tokens;
    tokens.reserve(codes.size() / bases_per_word + 1);
    append_codes(codes, vocabulary, tokens);
    return tokens;
}

void append_run(std::string_view text, std::size_t begin, std::size_t end, Vocabulary vocabulary,
                TokenMode mode, std::vector<TokenId>& tokens) {
    std::string_view const letters = text.substr(begin, end - begin);
    if (mode == TokenMode::compatible) {
        append_compatible_run(letters, vocabulary, tokens);
        return;
    }
    std::vector<std::uint8_t> codes(letters.size());
    std::size_t const bad = normalise_bases(letters, codes);
    DNAGPT_VALIDATE(bad == letters.size(),
                    << "'" << letters[bad] << "' at position " << begin + bad + 1
                    << " is no nucleotide code (a text is made of bases, tokens such as <R>, and "
                       "numbers after <M>); correct the text");
    append_codes(codes, vocabulary, tokens);
}

TokenId reserved_token_at(std::string_view text, std::size_t at) {
    std::string_view const token = text.substr(at, 3);
    bool const is_token = token.size() == 3 && token[0] == '<' && token[2] == '>' &&
                          reserved_letters.find(token[1]) != std::string_view::npos;
    DNAGPT_VALIDATE(is_token, << "'" << token << "' at position " << at + 1
                              << " is no token (tokens are written <x> with x one of "
                              << reserved_letters << "); correct the text");
    return reserved_token(token[1]);
}

std::vector<TokenId> encode_text(std::string_view text, Vocabulary vocabulary, TokenMode mode) {
    std::vector<TokenId> tokens;
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '<') {
            tokens.push_back(reserved_token_at(text, at));
            at += 3;
            continue;
        }
        std::size_t const end = std::min(text.find('<', at), text.size());
        append_run(text, at, end, vocabulary, mode, tokens);
        at = end;
    }
    return tokens;
}

std::string decode_tokens(std::span<TokenId const> tokens, Vocabulary vocabulary) {
    std::string text;
    for (TokenId const id : tokens) {
        text += vocabulary.token_text(id);
    }
    return text;
}

}  // namespace dnagpt
