#include "dnagpt/checkpoint/checkpoint_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "checkpoint/sample_state.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/hash.hpp"
#include "harness/message_of.hpp"
#include "harness/mpi_verdict.hpp"
#include "harness/shared_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::SharedFolder;
using testing::world;
using Steps = std::vector<std::int64_t>;

void save_step(SharedFolder const& folder, std::int64_t step) {
    testing::save_sample(world(), checkpoint_path(folder.path(), step), step);
}

/// Rank 0 acts, the others wait for it.
template <class Action>
void on_one_rank(Action&& action) {
    world().barrier();
    if (world().rank() == 0) {
        action();
    }
    world().barrier();
}

Steps steps_in(SharedFolder const& folder) {
    Steps steps;
    for (auto const& entry : list_checkpoints(folder.path())) {
        steps.push_back(entry.step);
    }
    return steps;
}

TEST(CheckpointFolder, NamesAndOrder) {
    EXPECT_EQ(checkpoint_path("run", 1000), "run/step_00001000.h5");
    SharedFolder const folder(world());
    on_one_rank([&] {
        for (char const* name : {"step_00000010.h5", "step_123456789.h5", "step_00000002.h5",
                                 "step_3.h5", "step_.h5", "step_00000004.h5.tmp", "latest"}) {
            write_text_atomically(folder.file(name), "x");
        }
    });
    EXPECT_EQ(steps_in(folder), (Steps{2, 10, 123456789}));
    EXPECT_TRUE(list_checkpoints(folder.file("none")).empty());
}

TEST(CheckpointFolder, NewestIsTakenAndStaleFilesGo) {
    SharedFolder const folder(world());
    EXPECT_FALSE(newest_valid_checkpoint(world(), folder.path()).has_value());
    EXPECT_FALSE(newest_valid_checkpoint(world(), folder.file("none")).has_value());
    save_step(folder, 1);
    save_step(folder, 2);
    on_one_rank([&] { write_text_atomically(folder.file("step_00000003.h5.tmp"), "half"); });
    auto const newest = newest_valid_checkpoint(world(), folder.path());
    ASSERT_TRUE(newest.has_value());
    EXPECT_EQ(*newest, (CheckpointEntry{2, folder.file("step_00000002.h5")}));
    EXPECT_FALSE(std::filesystem::exists(folder.file("step_00000003.h5.tmp")));
}

TEST(CheckpointFolder, DamagedOnesAreSetAside) {
    SharedFolder const folder(world());
    for (std::int64_t const step : {1, 2, 3, 4}) {
        save_step(folder, step);
    }
    on_one_rank([&] {
        pwrite_all(open_for_update(folder.file("step_00000004.h5")), "?", 1, 9'000'000);
        std::filesystem::resize_file(folder.file("step_00000003.h5"), 100'000);
        write_text_atomically(folder.file("step_00000002.h5"), "");
    });
    auto const newest = newest_valid_checkpoint(world(), folder.path());
    ASSERT_TRUE(newest.has_value());
    EXPECT_EQ(newest->step, 1);
    EXPECT_EQ(steps_in(folder), (Steps{1}));
    for (char const* name : {"step_00000002", "step_00000003", "step_00000004"}) {
        EXPECT_TRUE(std::filesystem::exists(folder.file(std::string(name) + ".h5.damaged")));
    }
    on_one_rank(
        [&] { pwrite_all(open_for_update(folder.file("step_00000001.h5")), "?", 1, 9'000'000); });
    for (int start = 0; start < 2; ++start) {  // a second start throws nothing away either
        auto const message = message_of([&] { newest_valid_checkpoint(world(), folder.path()); });
        EXPECT_NE(message.find("no whole checkpoint any more"), std::string::npos) << message;
    }
    on_one_rank([&] {
        for (std::int64_t const step : {1, 2, 3, 4}) {
            std::filesystem::remove(checkpoint_path(folder.path(), step) + ".damaged");
        }
    });
    EXPECT_FALSE(newest_valid_checkpoint(world(), folder.path()).has_value());
}

TEST(CheckpointFolder, NewerProgramsFileStopsTheStart) {
    SharedFolder const folder(world());
    save_step(folder, 1);
    on_one_rank([&] {
        auto const file = open_for_update(folder.file("step_00000001.h5"));
        auto const bytes = read_user_block(file).bytes;
        std::uint64_t const version = 2;
        pwrite_all(file, &version, 8, 8);
        auto const head = read_text(file.path()).substr(0, static_cast<std::size_t>(bytes) - 8);
        std::uint64_t const digest = hash_text(head);
        pwrite_all(file, &digest, 8, bytes - 8);
    });
    auto const message = message_of([&] { newest_valid_checkpoint(world(), folder.path()); });
    EXPECT_NE(message.find("was written by a newer version"), std::string::npos) << message;
    EXPECT_EQ(steps_in(folder), (Steps{1}));
}

TEST(CheckpointFolder, RetentionKeepsTheNewestAndTheMultiples) {
    SharedFolder const folder(world());
    for (std::int64_t step = 1; step <= 6; ++step) {
        save_step(folder, step);
    }
    on_one_rank([&] {
        EXPECT_EQ(remove_old_checkpoints(folder.path(), 2, 3), (Steps{1, 2, 4}));
        EXPECT_EQ(steps_in(folder), (Steps{3, 5, 6}));
        EXPECT_EQ(remove_old_checkpoints(folder.path(), 0, 0), (Steps{3, 5}));
        EXPECT_EQ(steps_in(folder), (Steps{6}));
    });
}

TEST(CheckpointFolder, RetentionSparesTheLastValidOne) {
    SharedFolder const folder(world());
    save_step(folder, 1);
    save_step(folder, 2);
    on_one_rank([&] {
        std::filesystem::resize_file(folder.file("step_00000002.h5"), 100'000);
        EXPECT_TRUE(remove_old_checkpoints(folder.path(), 1, 0).empty());
        EXPECT_EQ(steps_in(folder), (Steps{1, 2}));
    });
}

TEST(CheckpointFolder, RetentionSparesTheNewestValidOneBesideAnOlderOneThatStays) {
    SharedFolder const folder(world());
    for (std::int64_t step = 1; step <= 5; ++step) {
        save_step(folder, step);
    }
    on_one_rank([&] {
        std::filesystem::resize_file(folder.file("step_00000005.h5"), 100'000);
        EXPECT_EQ(remove_old_checkpoints(folder.path(), 1, 2), (Steps{1, 3}));
        EXPECT_EQ(remove_old_checkpoints(folder.path(), 1, 0, 2), Steps());
        EXPECT_EQ(steps_in(folder), (Steps{2, 4, 5}));
    });
}

TEST(CheckpointFolder, WhetherOneCheckpointIsWhole) {
    SharedFolder const folder(world());
    std::string const path = checkpoint_path(folder.path(), 1);
    EXPECT_FALSE(is_whole_checkpoint(world(), path));
    save_step(folder, 1);
    EXPECT_TRUE(is_whole_checkpoint(world(), path));
    on_one_rank([&] { pwrite_all(open_for_update(path), "?", 1, 9'000'000); });
    EXPECT_FALSE(is_whole_checkpoint(world(), path));
    world().barrier();
    EXPECT_TRUE(std::filesystem::exists(path + ".damaged"));
    EXPECT_TRUE(steps_in(folder).empty());
}

TEST(CheckpointFolder, BestNamesACheckpointOrIsRefused) {
    SharedFolder const folder(world());
    on_one_rank([&] {
        EXPECT_FALSE(noted_best(folder.path()).has_value());
        note_best(checkpoint_path(folder.path(), 12));
        EXPECT_EQ(noted_best(folder.path()), folder.file("step_00000012.h5"));
        for (char const* junk : {"", "\n", "../step_00000012.h5", "step_1x.h5", "latest"}) {
            write_text_atomically(folder.file("best"), junk);
            auto const message = message_of([&] { noted_best(folder.path()); });
            EXPECT_NE(message.find("does not name a checkpoint"), std::string::npos) << junk;
        }
    });
}

TEST(CheckpointFolder, LatestNamesTheFile) {
    SharedFolder const folder(world());
    on_one_rank([&] {
        note_latest(checkpoint_path(folder.path(), 12));
        EXPECT_EQ(read_text(folder.file("latest")), "step_00000012.h5\n");
    });
}

TEST(CheckpointFolder, ANoteNamesNothingOutsideTheFolder) {
    SharedFolder const folder(world());
    if (world().rank() != 0) {
        return;
    }
    for (std::string const& name :
         {std::string("../../x"), std::string("/etc/passwd"), std::string("a\nstep_1.h5"),
          std::string(), std::string(5000, 'a'), std::string("step_1.h5/../../x")}) {
        write_text_atomically(folder.file("best"), name + "\n");
        EXPECT_NE(message_of([&] { noted_best(folder.path()); }).find("does not name a checkpoint"),
                  std::string::npos)
            << name;
    }
    note_best(checkpoint_path(folder.path(), 7));
    EXPECT_EQ(noted_best(folder.path()), checkpoint_path(folder.path(), 7));
}

}  // namespace
}  // namespace dnagpt
