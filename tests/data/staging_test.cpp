#include "dnagpt/data/staging.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "data/shard_folder.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/data/pretrain_data.hpp"
#include "harness/message_of.hpp"

namespace dnagpt {
namespace {

namespace fs = std::filesystem;
using testing::message_of;
using testing::TemporaryFolder;
using testing::write_shard;

TEST(Staging, ExpandsVariables) {
    ::setenv("DNAGPT_STAGING_TEST", "/disk", 1);
    EXPECT_EQ(expand_environment("$DNAGPT_STAGING_TEST/a"), "/disk/a");
    EXPECT_EQ(expand_environment("x${DNAGPT_STAGING_TEST}y"), "x/disky");
    EXPECT_EQ(expand_environment("/plain"), "/plain");
    EXPECT_NE(message_of([] {
                  expand_environment("$DNAGPT_UNSET_VARIABLE/a");
              }).find("names the variable DNAGPT_UNSET_VARIABLE, which is not set"),
              std::string::npos);
    EXPECT_THROW(expand_environment("$/a"), Error);
    EXPECT_THROW(expand_environment("${DNAGPT_STAGING_TEST"), Error);
}

TEST(Staging, DifferentFoldersHaveDifferentCopies) {
    EXPECT_NE(staged_folder("/a", "/tmp"), staged_folder("/b", "/tmp"));
    EXPECT_EQ(staged_folder("/a/../b", "/tmp"), staged_folder("/b", "/tmp"));
}

/// One species in two shards, and where its copy belongs.
class StagedShards : public ::testing::Test {
  protected:
    StagedShards() {
        first_ = write_shard(folder_, "x", Split::train, {"ACGTACGTACGT"}, 'R', 0, 2);
        write_shard(folder_, "x", Split::train, {"TTTTTTTTT"}, 'R', 1, 2);
        copy_ = staged_folder(folder_.path(), stage_.path());
    }

    std::uint64_t staged_digest() const { return PretrainData(copy_, Split::train).digest(); }
    std::string copy_of_first() const { return copy_ + "/" + fs::path(first_).filename().string(); }
    static void flip_a_bit(std::string const& path) {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekg(-1, std::ios::end);
        int const last = file.peek();
        file.seekp(-1, std::ios::end);
        file.put(static_cast<char>(last ^ 1));
    }

    TemporaryFolder folder_;
    TemporaryFolder stage_;
    std::string first_;
    std::string copy_;
};

TEST_F(StagedShards, HoldTheSameData) {
    stage_shards(folder_.path(), copy_);
    EXPECT_EQ(staged_digest(), PretrainData(folder_.path(), Split::train).digest());
    for (auto const& entry : fs::directory_iterator(copy_)) {
        EXPECT_EQ(entry.path().extension(), ".h5");
    }
}

TEST_F(StagedShards, StayWhereTheyAreWholeAndAreMendedWhereNot) {
    stage_shards(folder_.path(), copy_);
    std::uint64_t const digest = staged_digest();
    auto const written = fs::last_write_time(copy_of_first());
    stage_shards(folder_.path(), copy_);
    EXPECT_EQ(fs::last_write_time(copy_of_first()), written);
    flip_a_bit(copy_of_first());
    stage_shards(folder_.path(), copy_);
    EXPECT_EQ(staged_digest(), digest);
    fs::resize_file(copy_of_first(), 100);
    stage_shards(folder_.path(), copy_);
    EXPECT_EQ(staged_digest(), digest);
}

TEST_F(StagedShards, FollowANewOriginal) {
    stage_shards(folder_.path(), copy_);
    std::uint64_t const digest = staged_digest();
    write_shard(folder_, "x", Split::train, {"GGGGGGGGGGGG"}, 'R', 0, 2);
    stage_shards(folder_.path(), copy_);
    EXPECT_NE(staged_digest(), digest);
}

TEST_F(StagedShards, LoseWhatTheOriginalNoLongerHolds) {
    std::string const other = write_shard(folder_, "y", Split::train, {"ACACACACACAC"});
    stage_shards(folder_.path(), copy_);
    fs::remove(other);
    stage_shards(folder_.path(), copy_);
    EXPECT_EQ(PretrainData(copy_, Split::train).species().size(), 1U);
}

TEST_F(StagedShards, ADamagedOriginalIsRefused) {
    flip_a_bit(first_);
    EXPECT_NE(message_of([&] { stage_shards(folder_.path(), copy_); }).find("is damaged"),
              std::string::npos);
    EXPECT_FALSE(fs::exists(copy_of_first()));
}

TEST_F(StagedShards, AMissingFolderIsNamed) {
    EXPECT_NE(message_of([&] { stage_shards(folder_.file("none"), copy_); }).find("cannot be read"),
              std::string::npos);
}

}  // namespace
}  // namespace dnagpt
