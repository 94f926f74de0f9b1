#include "dnagpt/io/user_block.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/hash.hpp"
#include "dnagpt/core/random.hpp"
#include "dnagpt/io/hdf5_file.hpp"
#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::TemporaryFolder;

std::int64_t write_sample(std::string const& path) {
    auto file = Hdf5File::create(path, user_block_bytes(10 << 20));
    std::vector<float> const values((10 << 20) / 4, 0.5F);
    file.write("/values", values);
    file.close_and_seal();
    return static_cast<std::int64_t>(std::filesystem::file_size(path));
}

void flip_bit(std::string const& path, std::int64_t offset, int bit) {
    auto const file = open_for_update(path);
    char byte = 0;
    pread_all(file, &byte, 1, offset);
    byte = static_cast<char>(byte ^ (1 << bit));
    pwrite_all(file, &byte, 1, offset);
}

void poke(std::string const& path, std::int64_t offset, std::uint64_t word) {
    pwrite_all(open_for_update(path), &word, 8, offset);
}

TEST(UserBlock, SizeIsAPowerOfTwoThatHoldsTheDigests) {
    EXPECT_EQ(user_block_bytes(0, 0), 512);
    for (std::int64_t const gib : {1, 10, 1000}) {
        std::int64_t const bytes = user_block_bytes(gib << 30);
        EXPECT_EQ(bytes & (bytes - 1), 0);
        EXPECT_GE(bytes, gib * 256 * 8 + 4096 + 48);
        EXPECT_LE(bytes, 2 * (gib * 256 * 8 + 4096 + 48 + 16 * 8));
    }
}

TEST(UserBlock, BlocksCountFromTheEndOfTheHead) {
    EXPECT_EQ(digest_block_count(512, 512), 0);
    EXPECT_EQ(digest_block_count(512, 513), 1);
    EXPECT_EQ(digest_block_count(512, 512 + digest_block_bytes), 1);
    EXPECT_EQ(digest_block_count(512, 513 + digest_block_bytes), 2);
}

TEST(UserBlock, SealedFileHasNoDamage) {
    TemporaryFolder const folder;
    write_sample(folder.file("a.h5"));
    EXPECT_TRUE(verify_file(folder.file("a.h5")).empty());
}

TEST(UserBlock, EveryBitFlipIsFoundAndLocated) {
    TemporaryFolder const folder;
    std::string const path = folder.file("a.h5");
    std::int64_t const length = write_sample(path);
    std::int64_t const head = user_block_bytes(10 << 20);
    for (std::uint64_t i = 0; i < 200; ++i) {
        std::int64_t const range = i % 4 == 0 ? head : length;
        auto const offset =
            static_cast<std::int64_t>(random_below(17, 2 * i, static_cast<std::uint64_t>(range)));
        int const bit = static_cast<int>(random_below(17, 2 * i + 1, 8));
        flip_bit(path, offset, bit);
        if (offset < head) {
            EXPECT_NE(message_of([&] { verify_file(path); }), "no error") << "byte " << offset;
        } else {
            auto const damage = verify_file(path);
            ASSERT_EQ(damage.size(), 1U) << "byte " << offset;
            EXPECT_EQ(damage[0].index, (offset - head) / digest_block_bytes);
            EXPECT_LE(damage[0].offset, offset);
            EXPECT_GT(damage[0].offset + damage[0].bytes, offset);
        }
        flip_bit(path, offset, bit);
    }
    EXPECT_TRUE(verify_file(path).empty());
}

TEST(UserBlock, TruncationAndGrowthAreErrors) {
    TemporaryFolder const folder;
    std::string const path = folder.file("a.h5");
    std::int64_t const length = write_sample(path);
    std::filesystem::resize_file(path, static_cast<std::uintmax_t>(length + 3));
    auto message = message_of([&] { verify_file(path); });
    EXPECT_NE(message.find("3 bytes follow its end"), std::string::npos) << message;
    for (std::int64_t const left : {length - 1, length / 2, std::int64_t{600}, std::int64_t{60}}) {
        std::filesystem::resize_file(path, static_cast<std::uintmax_t>(left));
        message = message_of([&] { verify_file(path); });
        EXPECT_NE(message.find("is cut short"), std::string::npos) << left << ": " << message;
    }
    for (std::uintmax_t const left : {20U, 3U, 0U}) {
        std::filesystem::resize_file(path, left);
        EXPECT_NE(message_of([&] { verify_file(path); }), "no error") << left;
    }
}

TEST(UserBlock, ForeignFilesAreToldApart) {
    TemporaryFolder const folder;
    std::string const path = folder.file("a");
    write_text_atomically(path, std::string(5000, '>'));
    auto message = message_of([&] { verify_file(path); });
    EXPECT_NE(message.find("is no dnagpt file"), std::string::npos) << message;
    write_text_atomically(path, "\x89HDF\r\n\x1a\n" + std::string(5000, '>'));
    message = message_of([&] { verify_file(path); });
    EXPECT_NE(message.find("is an HDF5 file, but not one of dnagpt's"), std::string::npos);
    message = message_of([&] { verify_file(folder.file("none")); });
    EXPECT_NE(message.find("cannot open " + folder.file("none")), std::string::npos) << message;
}

TEST(UserBlock, FutureVersionIsNamed) {
    TemporaryFolder const folder;
    std::string const path = folder.file("a.h5");
    write_sample(path);
    std::int64_t const head = user_block_bytes(10 << 20);
    poke(path, 8, 2);
    EXPECT_NE(message_of([&] { verify_file(path); }).find("damaged in its head"),
              std::string::npos);
    EXPECT_FALSE(is_from_newer_program(open_for_reading(path)));
    std::string const bytes = read_text(path).substr(0, static_cast<std::size_t>(head) - 8);
    poke(path, head - 8, hash_text(bytes));
    EXPECT_TRUE(is_from_newer_program(open_for_reading(path)));
    auto const message = message_of([&] { verify_file(path); });
    EXPECT_NE(message.find("has file version 2 (this program reads version 1)"), std::string::npos)
        << message;
}

TEST(UserBlock, TooSmallHeadIsRefusedAtSealing) {
    TemporaryFolder const folder;
    auto file = Hdf5File::create(folder.file("a.h5"), 512);
    for (int i = 0; i < 20; ++i) {
        file.write("/a dataset with a rather long name " + std::to_string(i),
                   std::vector<float>{1.0F});
    }
    auto const message = message_of([&] { file.close_and_seal(); });
    EXPECT_NE(message.find("do not fit into its head of 512"), std::string::npos) << message;
}

TEST(UserBlock, RegionsComeBackAndNameDamage) {
    UserBlock block{512, 512 + 2 * digest_block_bytes, {1, 2}, {}};
    for (char const letter : {'a', 'b', 'c', 'd', 'e', 'f'}) {
        block.regions.push_back({std::string(1, letter), 512, 8});
    }
    block.regions.push_back({"last", 512 + digest_block_bytes, digest_block_bytes});
    std::vector<DamagedBlock> const damage = {describe_block(block, 0), describe_block(block, 1)};
    EXPECT_EQ(describe_damage(damage),
              "block 0 (bytes 512 to 4194815: a, b, c, d and 2 more), "
              "block 1 (bytes 4194816 to 8389119: last)");
}

TEST(UserBlock, HeadsWhoseSizesCannotBeRightAreRefused) {
    TemporaryFolder const folder;
    std::string const path = folder.file("a.h5");
    write_sample(path);
    std::string const whole = read_text(path);
    auto const head = static_cast<std::size_t>(user_block_bytes(10 << 20));
    auto const problem = [&](std::int64_t word, std::uint64_t value) {
        write_text_atomically(path, whole);
        poke(path, 8 * word, value);
        std::string const bytes = read_text(path).substr(0, head - 8);
        poke(path, static_cast<std::int64_t>(head) - 8, hash_text(bytes));
        return message_of([&] { verify_file(path); });
    };
    constexpr std::uint64_t negative = std::uint64_t{1} << 63;
    for (std::uint64_t const map : {negative, ~std::uint64_t{7}, ~negative, std::uint64_t{head}}) {
        EXPECT_NE(problem(4, map).find("sizes cannot be right"), std::string::npos) << map;
    }
    EXPECT_NE(problem(3, negative).find("sizes cannot be right"), std::string::npos);
    EXPECT_NE(problem(2, negative).find("damaged in its head"), std::string::npos);
    EXPECT_EQ(problem(1, 1), "no error");
}

TEST(UserBlock, RegionsOutsideTheFileAreRefused) {
    TemporaryFolder const folder;
    std::string const path = folder.file("a.h5");
    write_sample(path);
    std::int64_t const length = file_length(open_for_reading(path));
    for (FileRegion const& region : {FileRegion{"a", length, 1}, FileRegion{"b", -1, 1},
                                     FileRegion{"c", 1, INT64_MAX}, FileRegion{"d", 0, -5}}) {
        seal_file(path, std::vector{region});
        EXPECT_NE(message_of([&] { verify_file(path); }).find("sizes cannot be right"),
                  std::string::npos)
            << region.name;
    }
}

}  // namespace
}  // namespace dnagpt
