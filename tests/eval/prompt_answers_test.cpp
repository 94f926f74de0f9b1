#include "dnagpt/eval/prompt_answers.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "harness/message_of.hpp"
#include "harness/reported_shares.hpp"
#include "model/small_model.hpp"

namespace dnagpt::testing {
namespace {

constexpr double tolerance = 1e-4;  // of float logits of order one
constexpr std::int32_t number_place = -1;

/// A model of random weights that answers up to 40 positions at once.
class PromptAnswers : public ::testing::Test {
  protected:
    PromptAnswers() : model_(small_shape, 4) {
        model_.set_weights(lively_weights(model_.layout, 3));
    }

    std::vector<PromptAnswer> answers(std::vector<PromptInput> const& inputs, LogitsAt at,
                                      std::int64_t positions = 40) {
        std::vector<PromptAnswer> all(inputs.size());
        reported_ = {};
        ForwardModel<float> const forward{model_.context, model_.params, model_.saved,
                                          model_.batch};
        answer_prompts(forward, std::span<PromptInput const>(inputs),
                       {positions, reported_.listener()}, at,
                       [&](std::size_t number, PromptAnswer const& answer) {
                           EXPECT_TRUE(all[number].logits.empty()) << "visited twice";
                           all[number] = answer;
                       });
        return all;
    }

    ReportedShares reported_;  ///< in the last call

  private:
    SmallModel<float> model_;
};

void expect_near(std::vector<float> const& left, std::vector<float> const& right) {
    ASSERT_EQ(left.size(), right.size());
    for (std::size_t i = 0; i < left.size(); ++i) {
        EXPECT_NEAR(left[i], right[i], tolerance) << "element " << i;
    }
}

std::vector<PromptInput> mixed_inputs() {
    return {{{{21, 35, 36}, {}}, {}},
            {{{21, 34, 33, 32, 31, 30, 29}, {}}, {}},
            {{{21, 36, m_token}, {}}, {}},
            {{{21, m_token, number_place, 35, 36, m_token}, {0.5F}}, {}},
            {{{21, 35}, {}}, {}}};
}

TEST_F(PromptAnswers, DoNotDependOnTheCompanyOfAPrompt) {
    std::vector<PromptInput> const inputs = mixed_inputs();
    auto const together = answers(inputs, LogitsAt::last_position);
    auto const narrow = answers(inputs, LogitsAt::last_position, 7);
    reported_.expect_rise_to_one();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        PromptAnswer const alone = answers({inputs[i]}, LogitsAt::last_position).front();
        EXPECT_EQ(alone.logits.size(), 37U);
        expect_near(together[i].logits, alone.logits);
        expect_near(narrow[i].logits, alone.logits);
        EXPECT_NEAR(together[i].number, alone.number, tolerance);
    }
    EXPECT_EQ(together[0].number, 0);
    EXPECT_NE(together[2].number, 0);
    EXPECT_NE(together[3].number, together[2].number);
}

TEST_F(PromptAnswers, LogitsOfEveryPositionAreThoseOfThePrefixes) {
    PromptInput const whole = mixed_inputs()[1];
    auto const every = answers({whole}, LogitsAt::every_position).front().logits;
    ASSERT_EQ(every.size(), 37U * whole.row.tokens.size());
    for (std::size_t length = 1; length <= whole.row.tokens.size(); ++length) {
        PromptInput prefix = whole;
        prefix.row.tokens.resize(length);
        auto const last = answers({prefix}, LogitsAt::last_position).front().logits;
        auto const begin = every.begin() + static_cast<std::ptrdiff_t>(37 * (length - 1));
        expect_near({begin, begin + 37}, last);
    }
    EXPECT_TRUE(answers({whole}, LogitsAt::nowhere).front().logits.empty());
}

TEST_F(PromptAnswers, ANumberAskedInsideIsAnsweredAndRead) {
    PromptInput const first{{{21, 35, m_token}, {}}, {}};
    float const one = answers({first}, LogitsAt::nowhere).front().number;
    PromptInput const second{{{21, 35, m_token, number_place, 36, m_token}, {one}}, {}};
    float const two = answers({second}, LogitsAt::nowhere).front().number;
    PromptInput const given{
        {{21, 35, m_token, number_place, 36, m_token, number_place, 30}, {one, two}}, {}};
    PromptInput asking = given;
    asking.row.numbers = {0, 0};
    asking.asked = {0, 1};
    auto const both = answers({given, asking, first}, LogitsAt::last_position);
    reported_.expect_rise_to_one();
    ASSERT_EQ(both[1].asked.size(), 2U);
    EXPECT_NEAR(both[1].asked[0], one, tolerance);
    EXPECT_NEAR(both[1].asked[1], two, tolerance);
    EXPECT_NE(one, two);
    expect_near(both[1].logits, both[0].logits);
    EXPECT_TRUE(both[0].asked.empty());
}

TEST(PromptInput, ComesFromThePromptLanguage) {
    constexpr Vocabulary vocabulary{VocabularyKind::fixed};
    PromptInput const input = prompt_input(parse_prompt("<R>ATTGAC<M>0.5,2<M><=><M>", vocabulary));
    EXPECT_EQ(input.row.tokens,
              (std::vector<std::int32_t>{21, vocabulary.token_id("ATTGAC"), m_token, -1, -1,
                                         m_token, -1, equals_token, m_token}));
    EXPECT_EQ(input.row.numbers, (std::vector<float>{0.5F, 2, 0}));
    EXPECT_EQ(input.asked, (std::vector<std::size_t>{2}));
    EXPECT_TRUE(input.ends_with_m());
    EXPECT_FALSE(prompt_input(parse_prompt("<R>", vocabulary)).ends_with_m());
    EXPECT_NE(message_of([&] {
                  prompt_input(parse_prompt("", vocabulary));
              }).find("an empty prompt asks nothing"),
              std::string::npos);
}

}  // namespace
}  // namespace dnagpt::testing
