#include "dnagpt/eval/answer_table.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace dnagpt {
namespace {

constexpr Vocabulary fixed{VocabularyKind::fixed};

/// Log probabilities, so that softmax gives them back; the rest shares what is left.
std::vector<float> logits_of(std::vector<std::pair<TokenId, double>> const& probabilities) {
    double left = 1;
    for (auto const& [token, probability] : probabilities) {
        left -= probability;
    }
    auto const others = static_cast<double>(fixed.size()) - std::size(probabilities);
    std::vector<float> logits(static_cast<std::size_t>(fixed.size()),
                              static_cast<float>(std::log(left / others)));
    for (auto const& [token, probability] : probabilities) {
        logits[static_cast<std::size_t>(token)] = static_cast<float>(std::log(probability));
    }
    return logits;
}

PromptAnswer answer_with(std::vector<std::pair<TokenId, double>> const& probabilities) {
    PromptAnswer answer;
    answer.logits = logits_of(probabilities);
    return answer;
}

AnswerForm classes_form() {
    AnswerForm form;
    form.kind = AnswerKind::classes;
    form.classes = {"no", "yes"};
    form.vocabulary = fixed;
    return form;
}

PromptInput const plain{{{21, 100}, {}}, {}};

TEST(AnswerTable, ClassesShareWhatTheirWordsHave) {
    AnswerForm const form = classes_form();
    EXPECT_EQ(answer_columns(form), "\tpredicted\tp_no\tp_yes\toutside_mass");
    std::vector<PromptAnswer> const one = {
        answer_with({{fixed.true_word(), 0.6}, {fixed.false_word(), 0.2}})};
    EXPECT_EQ(answer_fields(form, plain, one), "\tyes\t0.25\t0.75\t0.2");
}

TEST(AnswerTable, BothStrandsAreAveraged) {
    std::vector<PromptAnswer> both = {
        answer_with({{fixed.true_word(), 0.6}, {fixed.false_word(), 0.2}}),
        answer_with({{fixed.true_word(), 0.1}, {fixed.false_word(), 0.9 - 1e-6}})};
    both[0].number = 1;
    both[1].number = 2;
    EXPECT_EQ(answer_fields(classes_form(), plain, both).substr(0, 15), "\tno\t0.575\t0.425");
    AnswerForm numbers;
    numbers.kind = AnswerKind::number;
    EXPECT_EQ(answer_fields(numbers, plain, both), "\t1.5");
}

TEST(AnswerTable, NumbersAreGivenInBothScales) {
    AnswerForm form;
    form.kind = AnswerKind::number;
    EXPECT_EQ(answer_columns(form), "\tpredicted");
    form.scale = NumberScale{10, 2};
    EXPECT_EQ(answer_columns(form), "\tpredicted\tpredicted_original_scale");
    PromptAnswer answer;
    answer.number = -1.5F;
    EXPECT_EQ(answer_fields(form, plain, std::span(&answer, 1)), "\t-1.5\t7");
}

TEST(AnswerTable, TheLikeliestWordsStandInOrder) {
    AnswerForm form;
    form.vocabulary = fixed;
    form.top = 2;
    TokenId const acgtac = fixed.token_id("ACGTAC");
    std::vector<PromptAnswer> const one = {answer_with({{acgtac, 0.25}, {stop_token, 0.5}})};
    EXPECT_EQ(answer_columns(form), "\tword_1\tp_1\tword_2\tp_2");
    EXPECT_EQ(answer_fields(form, plain, one), "\t<!>\t0.5\tACGTAC\t0.25");
}

TEST(AnswerTable, OfSeveralPositionsTheLastIsRead) {
    AnswerForm form;
    form.vocabulary = fixed;
    form.top = 1;
    PromptAnswer answer = answer_with({{30, 0.5}});
    std::vector<float> const last = logits_of({{31, 0.75}});
    answer.logits.insert(answer.logits.end(), last.begin(), last.end());
    EXPECT_EQ(answer_fields(form, plain, std::span(&answer, 1)), "\t<Y>\t0.75");
}

TEST(AnswerTable, FreePromptsShowTheNumbersTheyAskFor) {
    AnswerForm form;
    form.vocabulary = fixed;
    form.top = 1;
    form.prompts = true;
    EXPECT_EQ(answer_columns(form), "\tasked\tnumber\tword_1\tp_1");
    PromptAnswer answer = answer_with({{31, 0.75}});
    answer.asked = {0.5F, -2};
    EXPECT_EQ(answer_fields(form, plain, std::span(&answer, 1)), "\t0.5,-2\t\t<Y>\t0.75");
    answer.number = 3;
    PromptInput const asks{{{21, m_token}, {}}, {}};
    EXPECT_EQ(answer_fields(form, asks, std::span(&answer, 1)), "\t0.5,-2\t3\t\t");
}

}  // namespace
}  // namespace dnagpt
