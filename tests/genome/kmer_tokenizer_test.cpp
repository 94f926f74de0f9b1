#include "dnagpt/genome/kmer_tokenizer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/random.hpp"
#include "harness/message_of.hpp"

namespace dnagpt {
namespace {

using Ids = std::vector<TokenId>;
using Codes = std::vector<std::uint8_t>;

constexpr Vocabulary fixed_words{VocabularyKind::fixed};
constexpr Vocabulary dynamic_words{VocabularyKind::dynamic};

using testing::message_of;

std::string random_letters(std::uint64_t key, std::size_t size, std::string const& alphabet) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) {
        text += alphabet[random_below(key, i, alphabet.size())];
    }
    return text;
}

TEST(NormaliseBases, EveryByte) {
    std::string const letters = "ACGTUNRYSWKMBDHVacgtunryswkmbdhv";
    std::string const expected = "ACGTTNNNNNNNNNNNACGTTNNNNNNNNNNN";
    EXPECT_EQ(bases_text(base_codes(letters)), expected);
    for (int byte = 0; byte < 256; ++byte) {
        char const letter = static_cast<char>(byte);
        Codes codes(1);
        std::size_t const good = normalise_bases({&letter, 1}, codes);
        EXPECT_EQ(good == 1, letters.find(letter) != std::string::npos) << byte;
    }
}

TEST(NormaliseBases, FindsTheFirstBadLetterAnywhere) {
    for (std::size_t const size : {1U, 31U, 64U, 4096U, 4097U, 10000U}) {
        for (std::size_t const bad : {std::size_t{0}, size / 2, size - 1}) {
            std::string text = random_letters(7, size, "ACGTacgtNR");
            text[bad] = 'E';
            Codes codes(size);
            EXPECT_EQ(normalise_bases(text, codes), bad) << size;
        }
    }
    EXPECT_EQ(message_of([] { (void)base_codes("ACG-T"); }).rfind("'-' at position 4 is no nuc", 0),
              0U);
}

TEST(NormaliseBases, MixedBlocksKeepEveryBase) {
    std::string text = random_letters(8, 20000, "ACGT");
    text[5000] = 'r';
    text[12345] = 'u';
    std::string expected = text;
    expected[5000] = 'N';
    expected[12345] = 'T';
    EXPECT_EQ(bases_text(base_codes(text)), expected);
}

TEST(PackWords, AllWordsInOrder) {
    Codes codes;
    for (int word = 0; word < word_count; ++word) {
        for (int divisor = 3125; divisor > 0; divisor /= 5) {
            codes.push_back(static_cast<std::uint8_t>(word / divisor % 5));
        }
    }
    std::vector<std::uint16_t> words(word_count);
    pack_words(codes, words);
    for (int word = 0; word < word_count; ++word) {
        ASSERT_EQ(words[static_cast<std::size_t>(word)], word);
    }
    Codes back(codes.size());
    unpack_words(words, back);
    EXPECT_EQ(back, codes);
}

TEST(PackWords, FillsTheLastWordWithN) {
    EXPECT_TRUE(pack_words_filled({}).empty());
    for (std::size_t size = 1; size < 14; ++size) {
        std::string const text = random_letters(size, size, "ACGT");
        auto const words = pack_words_filled(base_codes(text));
        ASSERT_EQ(words.size(), (size + 5) / 6);
        Codes codes(words.size() * 6);
        unpack_words(words, codes);
        EXPECT_EQ(bases_text(codes), text + std::string(codes.size() - size, 'N'));
    }
}

TEST(PackWords, RefusesWrongSizesAndNumbers) {
    Codes codes(6);
    std::vector<std::uint16_t> words(2);
    EXPECT_THROW(pack_words(codes, words), Error);
    EXPECT_THROW(unpack_words(words, codes), Error);
    words = {15625};
    EXPECT_THROW(unpack_words(words, codes), Error);
}

TEST(Strands, ReverseAndComplement) {
    Codes codes = base_codes("AACGTN");
    reverse_bases(codes);
    EXPECT_EQ(bases_text(codes), "NTGCAA");
    codes = base_codes("AACGGN");
    reverse_complement_bases(codes);
    EXPECT_EQ(bases_text(codes), "NCCGTT");
}

TEST(EncodeText, GoldenIds) {
    TokenMode const compatible = TokenMode::compatible;
    std::string const tailed = "<R>CTGTATACCACAGA";
    EXPECT_EQ(encode_text(tailed, dynamic_words), (Ids{21, 16173, 9355, 50}));
    EXPECT_EQ(encode_text(tailed, dynamic_words, compatible), (Ids{21, 16173, 9355, 50}));
    EXPECT_EQ(encode_text(tailed, fixed_words, compatible), (Ids{21, 12268, 5450, 0}));
    TokenId const filled = fixed_words.token_id("GANNNN");
    EXPECT_EQ(encode_text(tailed, fixed_words), (Ids{21, 12268, 5450, filled}));
    for (TokenMode const mode : {TokenMode::filled, compatible}) {
        EXPECT_EQ(encode_text("<R>AGAGAAAAGAGT", dynamic_words, mode), (Ids{21, 8495, 7978}));
        EXPECT_EQ(encode_text("<R>AGAGAAAAGAGT", fixed_words, mode), (Ids{21, 4590, 4073}));
    }
}

TEST(EncodeText, CompatibleModeKeepsTheReleasedTraps) {
    TokenMode const compatible = TokenMode::compatible;
    EXPECT_EQ(encode_text("AATAAaAATAAAAARAAA", dynamic_words, compatible), (Ids{0, 8220, 0}));
    EXPECT_EQ(encode_text("AATAAaAATAAAAARAAA", dynamic_words),
              (Ids{8220, 8220, dynamic_words.token_id("AANAAA")}));
}

TEST(EncodeText, AllWordsBothWays) {
    for (Vocabulary const vocabulary : {fixed_words, dynamic_words}) {
        for (int word = 0; word < word_count; ++word) {
            TokenId const id = vocabulary.word_token(static_cast<std::uint16_t>(word));
            Ids const ids{id};
            ASSERT_EQ(encode_text(decode_tokens(ids, vocabulary), vocabulary), ids);
        }
    }
}

TEST(EncodeText, RoundTrip) {
    for (std::uint64_t trial = 0; trial < 300; ++trial) {
        std::string const first = random_letters(trial, trial % 41, "ACGTN");
        std::string const second = random_letters(~trial, trial % 29, "ACGTN");
        std::string const text = "<R>" + first + "<+>" + second + "<=><B>";
        Ids const ids = encode_text(text, dynamic_words);
        EXPECT_EQ(decode_tokens(ids, dynamic_words), text);
        auto const fill = [](std::string run) { return run.append((6 - run.size() % 6) % 6, 'N'); };
        std::string const filled = "<R>" + fill(first) + "<+>" + fill(second) + "<=><B>";
        EXPECT_EQ(decode_tokens(encode_text(text, fixed_words), fixed_words), filled);
    }
}

TEST(EncodeText, BasesAndTextAgree) {
    for (Vocabulary const vocabulary : {fixed_words, dynamic_words}) {
        for (std::size_t size = 0; size < 20; ++size) {
            std::string const text = random_letters(size, size, "ACGTN");
            EXPECT_EQ(encode_bases(base_codes(text), vocabulary), encode_text(text, vocabulary));
        }
    }
}

TEST(EncodeText, ErrorsNameThePosition) {
    auto const error = [](std::string const& text) {
        return message_of([&] { (void)encode_text(text, fixed_words); });
    };
    EXPECT_EQ(error("<R>ACGTACGZ").rfind("'Z' at position 11 is no nucleotide code", 0), 0U);
    EXPECT_EQ(error("ACG<q>").rfind("'<q>' at position 4 is no token", 0), 0U);
    EXPECT_EQ(error("ACG<R").rfind("'<R' at position 4 is no token", 0), 0U);
    EXPECT_EQ(error("ACG>").rfind("'>' at position 4 is no nucleotide code", 0), 0U);
}

}  // namespace
}  // namespace dnagpt
