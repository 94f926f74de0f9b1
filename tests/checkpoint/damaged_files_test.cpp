#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "checkpoint/sample_state.hpp"
#include "data/labelled_examples.hpp"
#include "data/shard_folder.hpp"
#include "dnagpt/checkpoint/checkpoint_file.hpp"
#include "dnagpt/data/labelled_set.hpp"
#include "dnagpt/data/token_shard.hpp"
#include "dnagpt/io/user_block.hpp"
#include "harness/held_memory.hpp"
#include "harness/message_of.hpp"
#include "harness/mpi_verdict.hpp"
#include "harness/random_bases.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::most_held_memory;
using testing::TemporaryFolder;
using testing::watch_held_memory;
using Open = std::function<void(std::string const&)>;

constexpr std::int64_t small_change = std::int64_t{1} << 20;

bool campaign_is_long() {
    char const* const text = std::getenv("DNAGPT_LONG");
    return text != nullptr && std::string(text) == "1";
}

std::uint64_t drawn_seed() {
    if (char const* const text = std::getenv("DNAGPT_FAULT_SEED")) {
        return std::stoull(text);
    }
    return static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()) %
           1'000'000'000;
}

bool contains(std::string const& text, std::string const& part) {
    return text.find(part) != std::string::npos;
}

/// One file of ours and what opens it.
struct Sample {
    std::string path;
    Open open;
    UserBlock block = read_user_block(open_for_reading(path));
};

/// Opens the file, which must be refused without more memory than the file has bytes: the sizes
/// that a damaged file claims must never become memory.
std::string refusal(Sample const& sample) {
    std::int64_t const before = watch_held_memory();
    std::string const message = message_of([&] { sample.open(sample.path); });
    EXPECT_LE(most_held_memory() - before, sample.block.file_bytes + small_change);
    EXPECT_NE(message, "no error");
    EXPECT_TRUE(contains(message, sample.path)) << message;
    return message;
}

void expect_located(Sample const& sample, std::int64_t byte, std::string const& message) {
    auto const index = (byte - sample.block.bytes) / digest_block_bytes;
    auto const expected = describe_block(sample.block, index);
    auto const damage = verify_file(sample.path);
    ASSERT_EQ(damage.size(), 1U);
    EXPECT_EQ(damage[0].index, index);
    EXPECT_LE(damage[0].offset, byte);
    EXPECT_LT(byte, damage[0].offset + damage[0].bytes);
    EXPECT_EQ(damage[0].regions, expected.regions);
    for (FileRegion const& region : sample.block.regions) {
        bool const holds_it = region.offset <= byte && byte < region.offset + region.bytes;
        EXPECT_TRUE(!holds_it || std::ranges::count(damage[0].regions, region.name) == 1)
            << region.name;
    }
    EXPECT_TRUE(contains(message, "damaged in " + describe_damage(damage))) << message;
}

/// A third in the head, a third in what HDF5 keeps first, a third anywhere.
std::int64_t drawn_byte(Sample const& sample, std::int64_t number, std::mt19937_64& draw) {
    std::int64_t const first = number % 3 == 1 ? sample.block.bytes : 0;
    std::int64_t const last = number % 3 == 0   ? sample.block.bytes
                              : number % 3 == 1 ? sample.block.bytes + (1 << 14)
                                                : sample.block.file_bytes;
    return std::uniform_int_distribution<std::int64_t>(
        first, std::min(last, sample.block.file_bytes) - 1)(draw);
}

void flip_bits(Sample const& sample, std::int64_t count, std::mt19937_64& draw) {
    FileDescriptor const file = open_for_update(sample.path);
    std::int64_t in_head = 0;
    for (std::int64_t number = 0; number < count; ++number) {
        std::int64_t const byte = drawn_byte(sample, number, draw);
        int const bit = std::uniform_int_distribution(0, 7)(draw);
        SCOPED_TRACE(sample.path + " byte " + std::to_string(byte) + " bit " + std::to_string(bit));
        unsigned char whole = 0;
        pread_all(file, &whole, 1, byte);
        auto const flipped = static_cast<unsigned char>(whole ^ (1U << bit));
        pwrite_all(file, &flipped, 1, byte);
        std::string const message = refusal(sample);
        if (byte < sample.block.bytes) {
            ++in_head;
            EXPECT_TRUE(contains(message, byte < 8 ? "is no dnagpt file" : "damaged in its head"))
                << message;
        } else {
            expect_located(sample, byte, message);
        }
        pwrite_all(file, &whole, 1, byte);
    }
    std::printf("%s: %ld bits flipped, %ld of them in the head\n", sample.path.c_str(), count,
                in_head);
}

void cut(Sample const& sample, std::int64_t count, std::mt19937_64& draw) {
    std::string const whole = sample.path + ".whole";
    std::filesystem::copy_file(sample.path, whole);
    for (std::int64_t number = 0; number < count; ++number) {
        std::int64_t const most = number % 4 == 0 ? 64 : sample.block.file_bytes;
        std::int64_t const length = std::uniform_int_distribution<std::int64_t>(0, most - 1)(draw);
        SCOPED_TRACE(sample.path + " cut to " + std::to_string(length) + " bytes");
        std::filesystem::resize_file(sample.path, static_cast<std::uintmax_t>(length));
        std::string const message = refusal(sample);
        bool const shows_size = length >= 24;
        bool const shows_magic = length >= 8;
        EXPECT_TRUE(contains(message, shows_size    ? "is cut short"
                                      : shows_magic ? "head"
                                                    : "is no dnagpt file"))
            << message;
        std::filesystem::copy_file(whole, sample.path,
                                   std::filesystem::copy_options::overwrite_existing);
    }
    std::printf("%s: cut to %ld lengths\n", sample.path.c_str(), count);
}

Sample sample_checkpoint(TemporaryFolder const& folder) {
    std::string path = folder.file("step_00000003.h5");
    testing::save_sample(testing::world(), path, 3);
    return {std::move(path), [](auto const& name) { CheckpointReader::open(name); }};
}

Sample sample_shard(TemporaryFolder const& folder) {
    std::vector<std::string> const contigs = {testing::random_bases(14'000'000, 1),
                                              testing::random_bases(1'000'000, 2)};
    return {testing::write_shard(folder, "homo_sapiens", Split::train, contigs),
            [](auto const& name) { TokenShard{name}; }};
}

Sample sample_set(TemporaryFolder const& folder) {
    LabelledSet set;
    set.classes = {"no", "yes"};
    set.examples = testing::many_examples(60'000);
    std::string path = folder.file("set.h5");
    write_labelled_set(path, set);
    return {std::move(path), [](auto const& name) { read_labelled_set(name); }};
}

TEST(DamagedFiles, EveryFlippedBitIsFoundAndNamed) {
    TemporaryFolder const folder;
    std::uint64_t const seed = drawn_seed();
    std::printf("seed %lu (DNAGPT_FAULT_SEED repeats it)\n", seed);
    std::mt19937_64 draw(seed);
    std::int64_t const flips = campaign_is_long() ? 2000 : 200;
    std::int64_t const cuts = campaign_is_long() ? 200 : 20;
    for (auto const& make : {sample_checkpoint, sample_shard, sample_set}) {
        Sample const sample = make(folder);
        ASSERT_GE(sample.block.digests.size(), 2U) << sample.path;
        ASSERT_NO_THROW(sample.open(sample.path));
        flip_bits(sample, (flips + 2) / 3, draw);
        cut(sample, (cuts + 2) / 3, draw);
        EXPECT_NO_THROW(sample.open(sample.path));
    }
}

}  // namespace
}  // namespace dnagpt
