#include "dnagpt/data/prompt_template.hpp"

#include <gtest/gtest.h>

#include <set>

#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "harness/message_of.hpp"

namespace dnagpt {
namespace {

using testing::message_of;

constexpr Vocabulary fixed{VocabularyKind::fixed};
constexpr Vocabulary dynamic{VocabularyKind::dynamic};

TEST(PromptTemplate, FillsSequenceAndNumbers) {
    PromptTemplate const prompt("<S>{sequence}<+><M>{numbers}<=><M>", fixed, 'O');
    std::vector<float> const numbers = {0.5F, -2};
    PromptRow const row = prompt.fill(base_codes("AATAAATTTTTT"), numbers);
    EXPECT_EQ(row.tokens, (std::vector<std::int32_t>{24 + 1, 4315, 15658, plus_token, m_token, -1,
                                                     -1, equals_token, m_token}));
    EXPECT_EQ(row.numbers, numbers);
    EXPECT_EQ(prompt.length(12, 2), 9);
    EXPECT_EQ(prompt.last_token(), m_token);
    EXPECT_TRUE(prompt.has_sequence() && prompt.has_numbers());
}

TEST(PromptTemplate, TailsAreFilledUpOrShorterWords) {
    auto const codes = base_codes("AATAAATT");
    PromptRow const filled = PromptTemplate("class", fixed, 'R').fill(codes, {});
    PromptRow const shorter = PromptTemplate("class", dynamic, 'R').fill(codes, {});
    EXPECT_EQ(fixed.token_text(filled.tokens[2]), "TTNNNN");
    EXPECT_EQ(dynamic.token_text(shorter.tokens[2]), "TT");
    EXPECT_EQ(filled.tokens.size(), 5U);
    EXPECT_EQ(PromptTemplate("class", fixed, 'R').length(8, 0), 5);
}

TEST(PromptTemplate, MayEndWithASequenceThatIsOnlyRead) {
    PromptTemplate const prompt("<S>{sequence}", fixed, 'R');
    EXPECT_FALSE(prompt.last_token().has_value());
    EXPECT_EQ(prompt.fill(base_codes("AATAAA"), {}).tokens, (std::vector<std::int32_t>{21, 4315}));
}

TEST(PromptTemplate, NamesStandForTemplates) {
    EXPECT_EQ(PromptTemplate("released_class", fixed, 'S').text(), "<R>{sequence}<=><R>");
    EXPECT_EQ(PromptTemplate("number", fixed, 'S').text(), "<S>{sequence}<+><M>{numbers}<=><M>");
    EXPECT_EQ(PromptTemplate("released_number", fixed, 'S').text(),
              "<R>{sequence}<+><M>{numbers}<=><M>");
    PromptRow const row =
        PromptTemplate("released_class", fixed, 'S').fill(base_codes("AATAAA"), {});
    EXPECT_EQ(row.tokens, (std::vector<std::int32_t>{21, 4315, equals_token, 21}));
    for (std::string const& name : prompt_template_names()) {
        EXPECT_FALSE(PromptTemplate(name, fixed, 'R').text().empty());
    }
}

TEST(PromptTemplate, MistakesAreNamed) {
    auto const problem = [](char const* text) {
        return message_of([&] { PromptTemplate(text, fixed, 'R'); });
    };
    EXPECT_NE(problem("clas").find("no prompt called 'clas'"), std::string::npos);
    EXPECT_NE(problem("<S>{seq}<=><B>").find("a place {seq}"), std::string::npos);
    EXPECT_NE(problem("<S>{sequence<=><B>").find("does not close"), std::string::npos);
    EXPECT_NE(problem("<S>{numbers}<=><B>").find("must follow an <M>"), std::string::npos);
    EXPECT_NE(problem("<S>{sequence}{sequence}<B>").find("twice"), std::string::npos);
    EXPECT_NE(problem("{sequence}<B>").find("begin with a token"), std::string::npos);
    EXPECT_NE(problem("<S>{sequence}<?>").find("<?>"), std::string::npos);
}

TEST(DefaultPrompt, HasAPlaceForWhatTheExamplesHold) {
    EXPECT_EQ(default_prompt(AnswerKind::classes, true, false), "<S>{sequence}<=><B>");
    EXPECT_EQ(default_prompt(AnswerKind::number, true, true), "<S>{sequence}<+><M>{numbers}<=><M>");
    EXPECT_EQ(default_prompt(AnswerKind::number, false, true), "<S><+><M>{numbers}<=><M>");
    EXPECT_EQ(default_prompt(AnswerKind::words, true, false), "<S>");
}

TEST(ClassWord, TwoClassesAreFalseAndTrueMoreHaveWordsOfTheirOwn) {
    EXPECT_EQ(class_word(fixed, 1, 2), fixed.true_word());
    EXPECT_EQ(class_word(dynamic, 0, 2), dynamic.false_word());
    EXPECT_EQ(fixed.token_text(class_word(fixed, 0, 3)), "<1>");
    EXPECT_EQ(fixed.token_text(class_word(fixed, 9, 10)), "<R>");
    std::set<TokenId> words;
    for (std::size_t label = 0; label < 22; ++label) {
        words.insert(class_word(fixed, label, 22));
    }
    EXPECT_EQ(words.size(), 22U);
    EXPECT_FALSE(words.contains(unknown_token));
    EXPECT_NE(message_of([] { class_word(fixed, 0, 23); }).find("23 classes"), std::string::npos);
}

}  // namespace
}  // namespace dnagpt
