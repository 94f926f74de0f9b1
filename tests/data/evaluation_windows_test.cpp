#include "dnagpt/data/evaluation_windows.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "data/shard_folder.hpp"
#include "dnagpt/data/markov.hpp"
#include "dnagpt/data/novel_bases.hpp"
#include "harness/random_bases.hpp"

namespace dnagpt {
namespace {

using testing::random_bases;
using testing::TemporaryFolder;
using testing::word;
using testing::write_shard;

TEST(EvaluationWindows, CoverWholeWordsOnce) {
    TemporaryFolder const folder;
    write_shard(folder, "a", Split::validation, {random_bases(63, 1), random_bases(5, 2)});
    write_shard(folder, "b", Split::validation, {random_bases(600, 3)});
    PretrainData const data(folder.path(), Split::validation);
    auto const all = evaluation_windows(data, 4, 0, 1);
    ASSERT_EQ(all.size(), 3U + 25U);
    EXPECT_EQ(all[0].words, 4);
    EXPECT_EQ(all[2].words, 2);
    EXPECT_EQ(all[2].first_word, 8);
    auto const some = evaluation_windows(data, 4, 7, 1);
    ASSERT_EQ(some.size(), 3U + 7U);
    for (std::size_t i = 4; i < some.size(); ++i) {
        EXPECT_LT(some[i - 1].first_word, some[i].first_word);
    }
}

TEST(EvaluationBatch, IsTheForwardTemplate) {
    TemporaryFolder const folder;
    write_shard(folder, "a", Split::validation, {"AAAAAACCCCCNGGGGGGTT", "TTTTTT"}, 'K');
    PretrainData const data(folder.path(), Split::validation);
    Vocabulary const vocabulary{VocabularyKind::dynamic};
    auto const windows = evaluation_windows(data, 10, 0, 1);
    EvaluationBatch const result = make_evaluation_batch(data, windows, vocabulary);
    auto const id = [&](char const* text) { return vocabulary.word_token(word(text)); };
    EXPECT_EQ(result.batch.context_length, 4);
    EXPECT_EQ(result.batch.tokens,
              (std::vector<std::int32_t>{species_token('K'), id("AAAAAA"), id("CCCCCN"),
                                         id("GGGGGG"), species_token('K'), id("TTTTTT"),
                                         padding_token, padding_token}));
    EXPECT_EQ(result.batch.targets, (std::vector<std::int32_t>{id("AAAAAA"), -1, id("GGGGGG"), -1,
                                                               id("TTTTTT"), -1, -1, -1}));
    EXPECT_EQ(result.target_bases, (std::vector<std::uint8_t>{6, 0, 6, 0, 6, 0, 0, 0}));
}

TEST(Markov, CountsByHand) {
    MarkovModels models;
    models.count(base_codes("AACAN"));
    models.count(base_codes("ACA"));
    auto const text = base_codes("ACANC");
    // order 0: A 5, C 2 of 7
    EXPECT_DOUBLE_EQ(models.bits(0, text, 0), std::log2(11.0 / 6));
    // order 1 behind A: A 1, C 2
    EXPECT_DOUBLE_EQ(models.bits(1, text, 1), std::log2(7.0 / 3));
    // behind C: A 2
    EXPECT_DOUBLE_EQ(models.bits(1, text, 2), std::log2(6.0 / 3));
    // order 2 behind AC: A 2
    EXPECT_DOUBLE_EQ(models.bits(2, text, 2), std::log2(6.0 / 3));
    // without a base before it the order is 0
    EXPECT_DOUBLE_EQ(models.bits(5, text, 0), models.bits(0, text, 0));
    EXPECT_DOUBLE_EQ(models.bits(2, text, 4), models.bits(0, text, 4));
}

TEST(Markov, RandomBasesTakeTwoBitsAndPatternsLess) {
    TemporaryFolder const folder;
    std::string pattern;
    for (int i = 0; i < 3000; ++i) {
        pattern += "ACC";
    }
    write_shard(folder, "p", Split::train, {pattern});
    write_shard(folder, "r", Split::train, {random_bases(60'000, 4)});
    PretrainData const data(folder.path(), Split::train);
    for (std::int32_t s = 0; s < 2; ++s) {
        MarkovModels models;
        models.fit(data.species()[static_cast<std::size_t>(s)]);
        std::vector<BitSum> sums(highest_markov_order + 1);
        for (auto const& window : evaluation_windows(data, 50, 0, 1)) {
            if (window.species == s) {
                auto const scores = score_markov(models, data, window);
                for (std::size_t k = 0; k < sums.size(); ++k) {
                    sums[k].bits += scores[k].bits;
                    sums[k].bases += scores[k].bases;
                }
            }
        }
        EXPECT_EQ(sums[0].bases, s == 0 ? 9000 : 60'000);
        if (s == 0) {
            EXPECT_NEAR(sums[0].bits_per_base(), 0.918, 2e-3);
            EXPECT_NEAR(sums[1].bits_per_base(), 2.0 / 3, 5e-3);
            EXPECT_LT(sums[2].bits_per_base(), 0.01);
        } else {
            EXPECT_NEAR(sums[1].bits_per_base(), 2, 0.002);
        }
    }
}

TEST(Markov, LeavesMaskedWordsAndNOut) {
    TemporaryFolder const folder;
    write_shard(folder, "a", Split::validation, {"AAAAAACCCCCNGGGGGG"});
    PretrainData const data(folder.path(), Split::validation);
    MarkovModels const models;
    EvaluationWindow const window{.species = 0, .contig = 0, .first_word = 0, .words = 3};
    auto const all = score_markov(models, data, window);
    EXPECT_EQ(all[2].bases, 12);
    EXPECT_DOUBLE_EQ(all[2].bits, 24);
    std::vector<std::uint8_t> const mask = {0, 1, 1};
    EXPECT_EQ(score_markov(models, data, window, mask)[2].bases, 6);
}

std::string reverse_complement(std::string text) {
    auto codes = base_codes(text);
    reverse_complement_bases(codes);
    return bases_text(codes);
}

TEST(NovelWords, FindSharedSequenceOnBothStrands) {
    TemporaryFolder const folder;
    std::string const shared = random_bases(48, 1);
    std::string const before = random_bases(60, 2);
    std::string const after = random_bases(60, 3);
    std::string const validation = before + shared + after;
    for (bool const reversed : {false, true}) {
        TemporaryFolder const training_folder;
        // the shared piece stands across the border of two pieces of the reading
        std::string training = random_bases((1 << 20) - 20, 9);
        training += reversed ? reverse_complement(shared) : shared;
        write_shard(training_folder, "other", Split::train, {random_bases(500, 7)});
        write_shard(training_folder, "x", Split::train, {training + random_bases(50, 8)});
        write_shard(folder, "a", Split::validation, {validation});
        PretrainData const data(folder.path(), Split::validation);
        PretrainData const other(training_folder.path(), Split::train);
        auto const windows = evaluation_windows(data, 14, 0, 1);
        auto const masks = novel_words(data, windows, other);
        ASSERT_EQ(masks.size(), 2U);
        std::vector<std::uint8_t> together = masks[0];
        together.insert(together.end(), masks[1].begin(), masks[1].end());
        std::vector<std::uint8_t> expected(28, 1);
        // a base of the neighbours may match by chance: those words are not asked for
        std::fill(expected.begin() + 10, expected.begin() + 18, 0);
        for (std::size_t i = 0; i < expected.size(); ++i) {
            if (i != 9 && i != 18) {
                EXPECT_EQ(together[i], expected[i]) << "word " << i;
            }
        }
    }
}

TEST(NovelWords, ThirtyOneSharedBasesAreNovel) {
    TemporaryFolder const folder;
    std::string const shared = random_bases(31, 1);
    write_shard(folder, "a", Split::validation, {"A" + shared + "AAAA"});
    write_shard(folder, "a", Split::train, {"C" + shared + "CCCC"});
    PretrainData const data(folder.path(), Split::validation);
    PretrainData const training(folder.path(), Split::train);
    auto const masks = novel_words(data, evaluation_windows(data, 10, 0, 1), training);
    EXPECT_EQ(masks.at(0), std::vector<std::uint8_t>(6, 1));
}

}  // namespace
}  // namespace dnagpt
