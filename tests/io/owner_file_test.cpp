#include "dnagpt/io/owner_file.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "dnagpt/io/durable_file.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

class OwnerFileTest : public ::testing::Test {
  protected:
    testing::TemporaryFolder scratch_;
    std::string path_ = scratch_.file("lock.owner");
};

TEST_F(OwnerFileTest, NamesItsProcessAndIsMadeOnce) {
    OwnerFile const first(path_, 60);
    EXPECT_TRUE(first.is_held());
    EXPECT_FALSE(OwnerFile(path_, 60).is_held());
    auto const owner = read_owner_file(path_);
    ASSERT_TRUE(owner);
    EXPECT_EQ(*owner, own_lock_owner());
    EXPECT_EQ(owner->pid, ::getpid());
    EXPECT_FALSE(owner->process_start.empty());
    EXPECT_FALSE(is_gone(*owner));
}

TEST_F(OwnerFileTest, IsTakenAwayByTheOneThatMadeIt) {
    { OwnerFile const first(path_, 60); }
    EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(OwnerFileTest, ItsHeartbeatCountsOn) {
    OwnerFile const file(path_, 0.01);
    while (read_owner_file(path_).value_or(LockOwner()).heartbeat < 3) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_TRUE(file.is_held());
}

TEST_F(OwnerFileTest, AProcessThatHasEndedIsGone) {
    pid_t const child = ::fork();
    if (child == 0) {
        std::ofstream(scratch_.file("child")) << own_lock_owner().process_start;
        std::_Exit(0);
    }
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    LockOwner owner = own_lock_owner();
    owner.pid = child;
    owner.process_start = read_text(scratch_.file("child"));
    EXPECT_TRUE(is_gone(owner));
}

TEST_F(OwnerFileTest, ANumberThatWasGivenAgainIsAnotherProcess) {
    LockOwner owner = own_lock_owner();
    owner.process_start += "0";
    EXPECT_TRUE(is_gone(owner));
}

TEST_F(OwnerFileTest, AHostThatWasStartedAgainHasLostItsProcesses) {
    LockOwner owner = own_lock_owner();
    owner.boot_id = "an earlier one";
    EXPECT_TRUE(is_gone(owner));
}

TEST_F(OwnerFileTest, OfAnotherHostNothingIsKnown) {
    LockOwner owner = own_lock_owner();
    owner.host += "2";
    owner.pid = 1 << 30;
    EXPECT_FALSE(is_gone(owner));
    EXPECT_FALSE(is_gone(LockOwner()));
}

TEST_F(OwnerFileTest, AHalfWrittenFileHasAnUnknownOwner) {
    std::ofstream(path_) << R"({"host": "node7", "boot)";
    auto const owner = read_owner_file(path_);
    ASSERT_TRUE(owner);
    EXPECT_EQ(owner->pid, 0);
    EXPECT_EQ(describe(*owner), "an unknown process");
}

TEST_F(OwnerFileTest, ADeadOnesFileIsTakenAwayAndALivingOnesStays) {
    OwnerFile const file(path_, 60);
    LockOwner dead = own_lock_owner();
    dead.pid = 1 << 30;
    remove_dead_owner_file(path_, dead);
    EXPECT_TRUE(file.is_held());
    remove_dead_owner_file(path_, own_lock_owner());
    EXPECT_FALSE(std::filesystem::exists(path_));
    EXPECT_FALSE(file.is_held());
    EXPECT_TRUE(std::filesystem::is_empty(std::filesystem::path(path_).parent_path()));
}

TEST_F(OwnerFileTest, ASilentOwnerDoesNotWriteIntoItsSuccessorsFile) {
    OwnerFile const silent(path_, 0.01);
    std::filesystem::rename(path_, path_ + "_aside");
    std::ofstream(path_) << R"({"host": "node7"})";
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_EQ(read_text(path_), R"({"host": "node7"})");
    EXPECT_FALSE(silent.is_held());
}

TEST_F(OwnerFileTest, WhatCannotBeReadIsNoMissingFile) {
    std::filesystem::create_directory(path_);
    EXPECT_THROW(read_owner_file(path_), ReadError);
}

TEST_F(OwnerFileTest, IsDescribedWithItsJob) {
    LockOwner owner;
    owner.host = "node7";
    owner.pid = 4711;
    EXPECT_EQ(describe(owner), "process 4711 on node7");
    owner.job = "123";
    EXPECT_EQ(describe(owner), "process 4711 on node7 (job 123)");
}

}  // namespace
}  // namespace dnagpt
