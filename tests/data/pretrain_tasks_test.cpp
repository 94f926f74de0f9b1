#include "dnagpt/data/pretrain_tasks.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "data/shard_folder.hpp"

namespace dnagpt {
namespace {

using testing::word;
using Row = std::vector<std::uint16_t>;

TEST(ReverseRow, ReversesBasesNotStrands) {
    Row row = {word("ACGTNN"), join_unit, word("AAAAAC"), word("GGGGGT")};
    reverse_row(row);
    EXPECT_EQ(row, (Row{word("TGGGGG"), word("CAAAAA"), join_unit, word("NNTGCA")}));
    // joins at the ends stay
    Row open = {join_unit, word("AAAAAC"), word("ACACAG"), join_unit};
    reverse_row(open);
    EXPECT_EQ(open, (Row{join_unit, word("GACACA"), word("CAAAAA"), join_unit}));
}

class TemplateOfVocabulary : public ::testing::TestWithParam<VocabularyKind> {};

TEST_P(TemplateOfVocabulary, IsExact) {
    Vocabulary const vocabulary{GetParam()};
    std::int32_t const first = GetParam() == VocabularyKind::fixed ? 34 : 3939;
    Row const row = {word("AAAAAA"), word("GGGGGC"), join_unit, word("TTTTTN")};
    Batch batch = empty_batch(2, 9);
    ExampleChoice const choice{.reversed = true, .words_before = 2, .gc = 0.8F};
    fill_pretrain_row(batch, 1, vocabulary, 4, 'S', row, choice);
    std::int32_t const a = first + word("AAAAAA");
    std::int32_t const g = first + word("GGGGGC");
    std::int32_t const t = first + word("TTTTTN");
    EXPECT_EQ(a, GetParam() == VocabularyKind::fixed ? 3940 : 7845);
    // <S> w1 w2 <M> g <+> w4 <=> <B>
    EXPECT_EQ(std::vector(batch.tokens.begin() + 9, batch.tokens.end()),
              (std::vector<std::int32_t>{27, a, g, 18, -1, 10, t, 14, 19}));
    EXPECT_EQ(std::vector(batch.targets.begin() + 9, batch.targets.end()),
              (std::vector<std::int32_t>{a, g, -1, -1, -1, -1, -1, -1, -1}));
    EXPECT_EQ(batch.number_positions, std::vector<std::int32_t>{13});
    EXPECT_EQ(batch.number_values, std::vector<float>{0.8F});
    EXPECT_EQ(batch.regression_positions, std::vector<std::int32_t>{12});
    EXPECT_EQ(batch.regression_targets, std::vector<float>{0.8F});
    EXPECT_EQ(batch.answer_positions, std::vector<std::int32_t>{17});
    EXPECT_EQ(batch.answer_targets, std::vector<std::int32_t>{vocabulary.false_word()});
    EXPECT_EQ(batch.species, (std::vector<std::int32_t>{-1, 4}));
    TargetCounts const counts = count_targets(batch);
    EXPECT_EQ(counts.next_token, 2);
    EXPECT_EQ(counts.regression, 1);
    EXPECT_EQ(counts.answer, 1);
}

TEST_P(TemplateOfVocabulary, TheNumberPredictsTheNextWord) {
    Vocabulary const vocabulary{GetParam()};
    Row const row = {word("AAAAAA"), word("GGGGGC"), word("TTTTTC")};
    Batch batch = empty_batch(1, 8);
    fill_pretrain_row(batch, 0, vocabulary, 0, 'R', row, {.words_before = 1, .gc = 0});
    EXPECT_EQ(batch.targets[1], -1);
    EXPECT_EQ(batch.targets[2], -1);
    EXPECT_EQ(batch.targets[3], vocabulary.word_token(word("GGGGGC")));
    EXPECT_EQ(batch.answer_targets[0], vocabulary.true_word());
    Batch last = empty_batch(1, 8);
    fill_pretrain_row(last, 0, vocabulary, 0, 'R', row, {.words_before = 3, .gc = 0});
    EXPECT_EQ(last.tokens[4], m_token);
    EXPECT_EQ(last.targets[5], -1);
    EXPECT_EQ(count_targets(last).next_token, 3);
}

INSTANTIATE_TEST_SUITE_P(Both, TemplateOfVocabulary,
                         ::testing::Values(VocabularyKind::fixed, VocabularyKind::dynamic));

TEST(DrawExample, GcIsThatOfTheWordsBeforeTheNumber) {
    std::set<std::int64_t> places;
    for (std::int64_t sample = 0; sample < 200; ++sample) {
        Row row = {word("NNNNNN"), word("GGGCAN"), word("AAAAAA"), word("CCCCCC")};
        ExampleChoice const choice = draw_example(3, sample, row);
        places.insert(choice.words_before);
        // forward: word 1 has nothing to count; reversed: CCCCCC AAAAAA NACGGG NNNNNN
        double const forward[] = {0, 4.0 / 5, 4.0 / 11, 10.0 / 17};
        double const reversed[] = {1, 0.5, 10.0 / 17, 10.0 / 17};
        double const share = (choice.reversed ? reversed : forward)[choice.words_before - 1];
        EXPECT_NEAR(choice.gc, (share - 0.42) / 0.10, 1e-6);
        EXPECT_TRUE(choice.reversed || choice.words_before > 1);
        EXPECT_EQ(row[1] == word("AAAAAA"), choice.reversed);
    }
    EXPECT_EQ(places, (std::set<std::int64_t>{1, 2, 3, 4}));
}

TEST(DrawExample, HalfIsReversedAndPlacesAreUniform) {
    int reversed = 0;
    std::vector<int> places(5, 0);
    int const samples = 20'000;
    for (std::int64_t sample = 0; sample < samples; ++sample) {
        Row row(4, word("ACGTAC"));
        ExampleChoice const choice = draw_example(1, sample, row);
        reversed += choice.reversed ? 1 : 0;
        ++places[static_cast<std::size_t>(choice.words_before)];
    }
    // five standard deviations
    EXPECT_NEAR(reversed, samples / 2, 5 * std::sqrt(samples / 4.0));
    for (std::size_t j = 1; j <= 4; ++j) {
        EXPECT_NEAR(places[j], samples / 4, 5 * std::sqrt(samples * 3 / 16.0));
    }
}

}  // namespace
}  // namespace dnagpt
