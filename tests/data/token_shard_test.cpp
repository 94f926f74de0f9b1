#include "dnagpt/data/token_shard.hpp"

#include <gtest/gtest.h>

#include "data/shard_folder.hpp"
#include "dnagpt/core/check.hpp"
#include "harness/message_of.hpp"
#include "harness/random_bases.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::TemporaryFolder;
using testing::word;
using testing::write_shard;

TEST(TokenShard, HoldsWhatWasWritten) {
    TemporaryFolder const folder;
    auto const path = write_shard(folder, "yeast", Split::validation, {"ACGTACGTA", "TTTTTT"}, 'U');
    TokenShard const shard(path);
    EXPECT_EQ(shard.info().species, "yeast");
    EXPECT_EQ(shard.info().species_token, 'U');
    EXPECT_EQ(shard.info().split, Split::validation);
    EXPECT_EQ(shard.info().bases, 15);
    ASSERT_EQ(shard.words(), 3);
    std::vector<std::uint16_t> words(3);
    shard.read_words(0, words);
    EXPECT_EQ(words, (std::vector<std::uint16_t>{word("ACGTAC"), word("GTANNN"), word("TTTTTT")}));
    ASSERT_EQ(shard.contigs().size(), 2U);
    EXPECT_EQ(shard.contigs()[1].first_token, 2);
    EXPECT_EQ(shard.contigs()[1].length, 6);
    EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
}

TEST(TokenShard, EqualContentsGiveEqualBytesAndDigests) {
    TemporaryFolder const a;
    TemporaryFolder const b;
    auto const first = write_shard(a, "x", Split::train, {"ACGTACGTACGT"});
    auto const second = write_shard(b, "x", Split::train, {"ACGTACGTACGT"});
    EXPECT_EQ(read_text(first), read_text(second));
    EXPECT_EQ(TokenShard(first).digest(), TokenShard(second).digest());
    auto const other = write_shard(b, "x", Split::test, {"ACGTACGTACGA"});
    EXPECT_NE(TokenShard(first).digest(), TokenShard(other).digest());
}

TEST(TokenShard, DamageIsRefusedAtTheOpening) {
    TemporaryFolder const folder;
    auto const path = write_shard(folder, "x", Split::train, {testing::random_bases(600'000, 1)});
    {
        FileDescriptor const file = open_for_update(path);
        std::int64_t const middle = file_length(file) / 2;
        char byte = 0;
        pread_all(file, &byte, 1, middle);
        byte = static_cast<char>(byte ^ 1);
        pwrite_all(file, &byte, 1, middle);
    }
    std::string const message = message_of([&] { TokenShard{path}; });
    EXPECT_NE(message.find(path), std::string::npos);
    EXPECT_NE(message.find("damaged in block 0"), std::string::npos) << message;
    EXPECT_NO_THROW(TokenShard(path, ShardCheck::heads));
}

TEST(TokenShard, ChangesAreNoticed) {
    TemporaryFolder const folder;
    auto const path = write_shard(folder, "x", Split::train, {"ACGTACGTACGT"});
    TokenShard const shard(path);
    EXPECT_NO_THROW(shard.verify_unchanged());
    write_shard(folder, "x", Split::train, {"ACGTACGTACGT"});
    EXPECT_NE(message_of([&] { shard.verify_unchanged(); }).find("has changed"), std::string::npos);
}

TEST(TokenShard, ShortReadsAreErrors) {
    TemporaryFolder const folder;
    auto const path = write_shard(folder, "x", Split::train, {testing::random_bases(600'000, 1)});
    TokenShard const shard(path);
    std::filesystem::resize_file(path, 4096);
    std::vector<std::uint16_t> words(100'000);
    EXPECT_THROW(shard.read_words(0, words), Error);
}

TEST(TokenShard, WordsThatAreNoneAreErrors) {
    TemporaryFolder const folder;
    std::string const path = folder.file("x.h5");
    ShardWriter writer(path, ShardInfo(), std::vector{ShardContig{"1", 0, 12, 0}});
    writer.append(std::vector<std::uint16_t>{7, 15'625});
    writer.finish();
    TokenShard const shard(path);
    std::vector<std::uint16_t> words(2);
    auto const message = message_of([&] { shard.read_words(0, words); });
    EXPECT_NE(message.find("one of the words from 0 on is no 6-mer"), std::string::npos) << message;
}

}  // namespace
}  // namespace dnagpt
