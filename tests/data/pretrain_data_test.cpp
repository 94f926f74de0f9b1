#include "dnagpt/data/pretrain_data.hpp"

#include <gtest/gtest.h>

#include "data/shard_folder.hpp"
#include "dnagpt/core/check.hpp"
#include "harness/message_of.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::TemporaryFolder;
using testing::word;
using testing::write_shard;

TEST(PretrainData, JoinsShardsOfASpeciesToOneLine) {
    TemporaryFolder const folder;
    write_shard(folder, "b", Split::train, {"AAAAAAAA", "CCCCCC"}, 'R', 0, 2);
    write_shard(folder, "b", Split::train, {"GGGGGGG"}, 'R', 1, 2);
    write_shard(folder, "a", Split::train, {"TTTTTT"}, 'S');
    write_shard(folder, "b", Split::test, {"ACGTAC"});
    PretrainData const data(folder.path(), Split::train);
    ASSERT_EQ(data.species().size(), 2U);
    EXPECT_EQ(data.species_index("b"), 1);
    EXPECT_EQ(data.species_index("c"), -1);
    SpeciesData const& b = data.species()[1];
    EXPECT_EQ(b.bases(), 21);
    EXPECT_EQ(b.words(), 5);
    ASSERT_EQ(b.contigs(), 3);
    EXPECT_EQ(b.contig_at(7), 0);
    EXPECT_EQ(b.contig_at(8), 1);
    EXPECT_EQ(b.contig_at(20), 2);
    std::vector<std::uint16_t> words(5);
    b.read_words(0, words);
    EXPECT_EQ(words[3], word("GGGGGG"));
    EXPECT_EQ(words[4], word("GNNNNN"));
    std::vector<std::uint8_t> codes(5);
    b.read_bases(0, 3, codes);
    EXPECT_EQ(bases_text(codes), "AAAAA");
}

TEST(PretrainData, SaysWhatIsMissing) {
    TemporaryFolder const folder;
    EXPECT_NE(
        message_of([&] { PretrainData(folder.path(), Split::train); }).find("holds no train shard"),
        std::string::npos);
    write_shard(folder, "b", Split::train, {"AAAAAAAA"}, 'R', 0, 2);
    EXPECT_NE(message_of([&] { PretrainData(folder.path(), Split::train); }).find("1 of 2"),
              std::string::npos);
    EXPECT_THROW(PretrainData(folder.file("nowhere"), Split::train), Error);
}

}  // namespace
}  // namespace dnagpt
