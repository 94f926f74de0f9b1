#include "dnagpt/data/evaluation_windows.hpp"

#include <gtest/gtest.h>

#include "data/shard_folder.hpp"
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

}  // namespace
}  // namespace dnagpt
