#include "dnagpt/genome/vocabulary.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "harness/message_of.hpp"

namespace dnagpt {
namespace {

constexpr Vocabulary fixed_words{VocabularyKind::fixed};
constexpr Vocabulary dynamic_words{VocabularyKind::dynamic};

using testing::message_of;

TEST(Vocabulary, SizesAndFirstWords) {
    EXPECT_EQ(fixed_words.size(), 15659);
    EXPECT_EQ(dynamic_words.size(), 19564);
    EXPECT_EQ(fixed_words.first_word_id(), 34);
    EXPECT_EQ(dynamic_words.first_word_id(), 3939);
    EXPECT_EQ(dynamic_words.word_token(15624), 19563);
    EXPECT_EQ(dynamic_words.word_number(19563), 15624);
    EXPECT_FALSE(dynamic_words.is_word(3938));
    EXPECT_TRUE(dynamic_words.is_word(3939));
    EXPECT_FALSE(fixed_words.is_word(33));
    EXPECT_FALSE(fixed_words.is_word(15659));
}

TEST(Vocabulary, GoldenIds) {
    std::vector<std::pair<std::string, TokenId>> const dynamic_ids = {
        {"N", 34},        {"A", 35},        {"G", 36},        {"C", 37},
        {"T", 38},        {"NN", 39},       {"ATG", 111},     {"NNNNNN", 3939},
        {"AAAAAA", 7845}, {"AATAAA", 8220}, {"TTTTTT", 19563}};
    std::vector<std::pair<std::string, TokenId>> const fixed_ids = {
        {"NNNNNN", 34}, {"AAAAAA", 3940}, {"AATAAA", 4315}, {"TTTTTT", 15658}};
    for (auto const& [text, id] : dynamic_ids) {
        EXPECT_EQ(dynamic_words.token_id(text), id) << text;
        EXPECT_EQ(dynamic_words.token_text(id), text);
    }
    for (auto const& [text, id] : fixed_ids) {
        EXPECT_EQ(fixed_words.token_id(text), id) << text;
        EXPECT_EQ(fixed_words.token_text(id), text);
    }
}

TEST(Vocabulary, ReservedTokens) {
    std::vector<std::pair<char, TokenId>> const ids = {
        {'0', 0},  {'9', 9},  {'+', 10}, {'-', 11}, {'*', 12}, {'/', 13}, {'=', 14},
        {'&', 15}, {'|', 16}, {'!', 17}, {'M', 18}, {'B', 19}, {'P', 20}, {'R', 21},
        {'I', 22}, {'K', 23}, {'L', 24}, {'O', 25}, {'Q', 26}, {'S', 27}, {'U', 28},
        {'V', 29}, {'W', 30}, {'Y', 31}, {'X', 32}, {'Z', 33}};
    for (auto const& [letter, id] : ids) {
        EXPECT_EQ(reserved_token(letter), id) << letter;
        EXPECT_EQ(fixed_words.token_text(id), std::string{'<'} + letter + '>');
    }
    EXPECT_EQ(plus_token, reserved_token('+'));
    EXPECT_EQ(equals_token, reserved_token('='));
    EXPECT_EQ(stop_token, reserved_token('!'));
    EXPECT_EQ(m_token, reserved_token('M'));
    EXPECT_EQ(b_token, reserved_token('B'));
    EXPECT_EQ(padding_token, reserved_token('P'));
    EXPECT_NE(message_of([] { (void)reserved_token('q'); }).find("<q> is no token"),
              std::string::npos);
}

TEST(Vocabulary, SpeciesTokens) {
    EXPECT_EQ(species_token('R'), 21);
    EXPECT_EQ(species_token('Z'), 33);
    for (char const letter : std::string("0M+BPXYr")) {
        EXPECT_NE(
            message_of([&] { (void)species_token(letter); }).find("choose one of IKLOQRSUVWZ"),
            std::string::npos)
            << letter;
    }
}

TEST(Vocabulary, AnswerWords) {
    EXPECT_EQ(fixed_words.token_text(fixed_words.true_word()), "<Y>");
    EXPECT_EQ(fixed_words.token_text(fixed_words.false_word()), "<X>");
    EXPECT_EQ(dynamic_words.token_text(dynamic_words.true_word()), "N");
    EXPECT_EQ(dynamic_words.token_text(dynamic_words.false_word()), "A");
}

TEST(Vocabulary, EveryTokenHasItsOwnText) {
    for (Vocabulary const vocabulary : {fixed_words, dynamic_words}) {
        for (TokenId id = 0; id < vocabulary.size(); ++id) {
            ASSERT_EQ(vocabulary.token_id(vocabulary.token_text(id)), id);
        }
    }
}

TEST(Vocabulary, RefusesWhatItLacks) {
    EXPECT_NE(message_of([] { (void)fixed_words.token_text(15659); }).find("15659 is out of range"),
              std::string::npos);
    EXPECT_NE(message_of([] { (void)fixed_words.token_text(-1); }).find("out of range"),
              std::string::npos);
    for (std::string const text : {"ATG", "", "AAAAAAA", "aaaaaa", "ACGTRY"}) {
        EXPECT_NE(message_of([&] { (void)fixed_words.token_id(text); }).find("is no token"),
                  std::string::npos)
            << text;
    }
    EXPECT_NE(message_of([] { (void)dynamic_words.token_id(""); }).find("is no token"),
              std::string::npos);
}

TEST(Vocabulary, NamesOfKinds) {
    for (VocabularyKind const kind : {VocabularyKind::fixed, VocabularyKind::dynamic}) {
        EXPECT_EQ(vocabulary_kind(vocabulary_name(kind)), kind);
    }
    EXPECT_NE(message_of([] { (void)vocabulary_kind("6mer"); }).find("called '6mer'"),
              std::string::npos);
}

TEST(WordTables, AgreeWithTheTexts) {
    for (int word = 0; word < word_count; ++word) {
        auto const number = static_cast<std::uint16_t>(word);
        std::string const text = fixed_words.token_text(fixed_words.word_token(number));
        auto const count = [&](char base) { return std::count(text.begin(), text.end(), base); };
        WordCounts const counts = word_counts()[number];
        ASSERT_EQ(counts.gc, count('G') + count('C')) << text;
        ASSERT_EQ(counts.acgt, 6 - count('N')) << text;
        ASSERT_EQ(word_has_n(number), count('N') > 0) << text;
        for (std::size_t place = 0; place < text.size(); ++place) {
            ASSERT_EQ(base_letters[word_bases()[number][place]], text[place]) << text;
        }
    }
}

TEST(Words, WithoutNCountByTheirFirstBase) {
    auto const words = words_without_n();
    ASSERT_EQ(words.size(), 4096U);
    for (std::size_t i = 0; i < words.size(); ++i) {
        EXPECT_FALSE(word_has_n(words[i]));
        EXPECT_EQ(word_bases()[words[i]][0], 1 + i / 1024);
    }
}

}  // namespace
}  // namespace dnagpt
