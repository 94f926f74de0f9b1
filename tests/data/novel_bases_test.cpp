#include "dnagpt/data/novel_bases.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "data/shard_folder.hpp"
#include "harness/random_bases.hpp"

namespace dnagpt {
namespace {

using testing::random_bases;
using testing::TemporaryFolder;
using testing::write_shard;

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
