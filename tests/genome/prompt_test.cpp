#include "dnagpt/genome/prompt.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/random.hpp"
#include "harness/message_of.hpp"

namespace dnagpt {
namespace {

constexpr Vocabulary fixed_words{VocabularyKind::fixed};
constexpr Vocabulary dynamic_words{VocabularyKind::dynamic};

using testing::message_of;

std::string parse_error(std::string const& text) {
    return message_of([&] { (void)parse_prompt(text, fixed_words); });
}

PromptPosition token(TokenId id) {
    return {.kind = PositionKind::token, .token = id};
}
PromptPosition number(double value) {
    return {.kind = PositionKind::number, .value = value};
}
PromptPosition asked() {
    return {.kind = PositionKind::asked_number};
}

TEST(ParsePrompt, ThePapersExample) {
    Prompt const expected = {token(21),         token(fixed_words.token_id("ATCGTC")),
                             token(plus_token), token(m_token),
                             number(-0.3484),   token(equals_token),
                             token(m_token),    asked()};
    Prompt const prompt = parse_prompt("<R>ATCGTC<+><M>-0.3484<=><M>", fixed_words);
    EXPECT_EQ(prompt, expected);
    EXPECT_EQ(input_length(prompt), 7U);
    EXPECT_EQ(format_prompt(prompt, fixed_words), "<R>ATCGTC<+><M>-0.3484<=><M>");
}

TEST(ParsePrompt, NumbersInEveryForm) {
    Prompt const prompt = parse_prompt("<M>1,-2.50,+3e2,4.5e-1,0e+0", fixed_words);
    EXPECT_EQ(prompt, (Prompt{token(m_token), number(1), number(-2.5), number(300), number(0.45),
                              number(0)}));
    EXPECT_EQ(input_length(prompt), 6U);
}

TEST(ParsePrompt, BasesMayFollowANumberAndNanIsBases) {
    EXPECT_EQ(parse_prompt("<M>0.5ACGTAC", fixed_words),
              (Prompt{token(m_token), number(0.5), token(fixed_words.token_id("ACGTAC"))}));
    EXPECT_EQ(parse_prompt("<M>NAN", dynamic_words),
              (Prompt{token(m_token), asked(), token(dynamic_words.token_id("NAN"))}));
}

TEST(ParsePrompt, AnAskedNumberInTheMiddleIsRead) {
    Prompt const prompt = parse_prompt("<R><M><+><M><=><B>", fixed_words);
    EXPECT_EQ(prompt, (Prompt{token(21), token(m_token), asked(), token(plus_token), token(m_token),
                              asked(), token(equals_token), token(b_token)}));
    EXPECT_EQ(input_length(prompt), 8U);
}

TEST(ParsePrompt, LengthOfTheExpressionPrompt) {
    std::string const text = "<R>" + std::string(10500, 'A') + "<+><M>1,2,3,4,5,6,7,8<=><M>";
    EXPECT_EQ(input_length(parse_prompt(text, fixed_words)), 1763U);
    EXPECT_EQ(input_length(parse_prompt("<R>" + std::string(600, 'C') + "<=><R>", fixed_words)),
              103U);
}

TEST(ParsePrompt, TailsFollowTheVocabularyAndTheMode) {
    EXPECT_EQ(parse_prompt("acg<=>", dynamic_words)[0], token(dynamic_words.token_id("ACG")));
    EXPECT_EQ(parse_prompt("acg<=>", fixed_words)[0], token(fixed_words.token_id("ACGNNN")));
    EXPECT_EQ(parse_prompt("ACG<=>", fixed_words, TokenMode::compatible)[0], token(0));
}

TEST(ParsePrompt, ErrorsNameThePosition) {
    EXPECT_EQ(parse_error("<R>ACGT0.5").rfind("the digit '0' at position 8", 0), 0U);
    EXPECT_EQ(parse_error("<M>1,<=>").rfind("no number follows the comma at position 5", 0), 0U);
    EXPECT_EQ(parse_error("<M>1.").rfind("'.' at position 5 is no nucleotide code", 0), 0U);
    EXPECT_EQ(parse_error("<M>1eA").rfind("'e' at position 5 is no nucleotide code", 0), 0U);
    EXPECT_EQ(parse_error("<M>.5").rfind("the digit '5' at position 5", 0), 0U);
    EXPECT_EQ(parse_error("<R>AC<m>").rfind("'<m>' at position 6 is no token", 0), 0U);
    EXPECT_EQ(parse_error("<M>1e999").rfind("the number 1e999 at position 4 cannot be held", 0),
              0U);
    EXPECT_EQ(parse_error("<R>AC E").rfind("' ' at position 6 is no nucleotide code", 0), 0U);
}

TEST(FormatPrompt, RoundTripKeepsEveryBitOfANumber) {
    for (std::uint64_t trial = 0; trial < 500; ++trial) {
        double const scale = std::pow(10.0, static_cast<double>(trial % 41) - 20.0);
        Prompt prompt = {token(27), token(m_token), number(random_normal(1, trial) * scale)};
        if (trial % 2 == 0) {
            prompt.push_back(number(random_normal(2, trial)));
        }
        auto const word = static_cast<std::uint16_t>(random_below(3, trial, word_count));
        prompt.insert(prompt.end(), {token(dynamic_words.word_token(word)), token(m_token), asked(),
                                     token(36), token(equals_token), token(m_token), asked()});
        std::string const text = format_prompt(prompt, dynamic_words);
        ASSERT_EQ(parse_prompt(text, dynamic_words), prompt) << text;
    }
}

TEST(FormatPrompt, RefusesWhatTheLanguageCannotSay) {
    double const infinity = std::numeric_limits<double>::infinity();
    EXPECT_EQ(message_of([&] {
                  (void)format_prompt({token(m_token), number(infinity)}, fixed_words);
              }).rfind("a prompt cannot hold the number inf", 0),
              0U);
    EXPECT_THROW((void)format_prompt({number(1)}, fixed_words), Error);
    EXPECT_THROW((void)format_prompt({token(21), asked()}, fixed_words), Error);
}

}  // namespace
}  // namespace dnagpt
