#include "dnagpt/io/folder_lock.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;

void wait(double seconds) {
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

/// With flock, and as on a file system without it.
class FolderLockTest : public ::testing::TestWithParam<bool> {
  protected:
    FolderLockTest() { rules_.has_flock = GetParam(); }

    testing::TemporaryFolder scratch_;
    std::string folder_ = scratch_.path();
    LockRules rules_{.patience = 0.2, .beat = 0.02, .silence = 5};
};

TEST_P(FolderLockTest, RefusesASecondHolderAndNamesTheFirst) {
    FolderLock const first(folder_, rules_);
    std::string const message = message_of([&] { FolderLock second(folder_, rules_); });
    EXPECT_NE(message.find("another run is writing"), std::string::npos) << message;
    EXPECT_NE(message.find(GetParam() ? "it holds the lock" : "process "), std::string::npos);
    first.require_held();
}

TEST_P(FolderLockTest, IsFreeAfterwards) {
    { FolderLock const first(folder_, rules_); }
    FolderLock const second(folder_, rules_);
    second.require_held();
}

TEST_P(FolderLockTest, WaitsForAHolderThatIsEnding) {
    rules_.patience = 60;
    auto first = std::make_unique<FolderLock>(folder_, rules_);
    std::thread ending([&] {
        wait(0.3);
        first.reset();
    });
    FolderLock const second(folder_, rules_);
    ending.join();
    second.require_held();
}

TEST_P(FolderLockTest, AFolderThatIsRemovedIsNoticed) {
    std::string const inner = scratch_.file("run");
    std::filesystem::create_directory(inner);
    FolderLock const lock(inner, rules_);
    std::filesystem::rename(inner, inner + "_moved");
    EXPECT_NE(message_of([&] { lock.require_held(); }).find("was removed or replaced"),
              std::string::npos);
    std::filesystem::create_directory(inner);
    std::ofstream(inner + "/lock") << "";
    EXPECT_NE(message_of([&] { lock.require_held(); }).find("was removed or replaced"),
              std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Ways, FolderLockTest, ::testing::Bool(),
                         [](auto const& info) { return info.param ? "flock" : "owner_file"; });

class OwnerFileLock : public ::testing::Test {
  protected:
    /// Writes the file of another owner: this process's, changed.
    void write_owner(std::string const& field, std::string const& value) {
        { FolderLock const lock(folder_, rules_); }
        auto file = std::make_unique<OwnerFile>(folder_ + "/lock.owner", 60);
        std::string text = read_text(folder_ + "/lock.owner");
        file.reset();
        auto json = nlohmann::ordered_json::parse(text);
        json[field] = value;
        std::ofstream(folder_ + "/lock.owner") << json.dump() << '\n';
    }

    /// The message of `work` while the owner that the file names beats.
    template <class Work>
    std::string while_beating(Work const& work) {
        std::string const text = read_text(folder_ + "/lock.owner");
        std::atomic<bool> over = false;
        std::thread beating([&] {
            for (int beat = 1; !over; ++beat) {
                auto json = nlohmann::ordered_json::parse(text);
                json["heartbeat"] = beat;
                write_text_atomically(folder_ + "/lock.owner", json.dump() + "\n");
                wait(0.02);
            }
        });
        std::string message = message_of(work);
        over = true;
        beating.join();
        return message;
    }

    testing::TemporaryFolder scratch_;
    std::string folder_ = scratch_.path();
    LockRules rules_{.patience = 10, .beat = 0.02, .silence = 0.3, .has_flock = false};
};

TEST_F(OwnerFileLock, ADeadProcessOfThisHostIsTakenOverAfterTwoBeats) {
    rules_.silence = 1000;
    write_owner("boot_id", "an earlier one");
    FolderLock const lock(folder_, rules_);
    lock.require_held();
}

TEST_F(OwnerFileLock, AnotherMachineOfTheSameNameThatBeatsIsAlive) {
    rules_.beat = 0.2;
    rules_.patience = 1;
    write_owner("boot_id", "of the other machine");
    std::string const message = while_beating([&] { FolderLock lock(folder_, rules_); });
    EXPECT_NE(message.find("another run is writing"), std::string::npos) << message;
}

TEST_F(OwnerFileLock, AnotherHostIsDeadWhenItsHeartbeatStandsStill) {
    write_owner("host", "far_away");
    FolderLock const lock(folder_, rules_);
    lock.require_held();
}

TEST_F(OwnerFileLock, AnotherHostThatBeatsIsAlive) {
    write_owner("host", "far_away");
    rules_.patience = 1;
    std::string const message = while_beating([&] { FolderLock lock(folder_, rules_); });
    EXPECT_NE(message.find("on far_away"), std::string::npos) << message;
}

TEST_F(OwnerFileLock, WhoWasSilentForTooLongHasLostTheFolder) {
    FolderLock const silent(folder_, rules_);
    std::filesystem::remove(folder_ + "/lock.owner");
    write_owner("host", "far_away");
    EXPECT_NE(message_of([&] { silent.require_held(); }).find("took"), std::string::npos);
}

}  // namespace
}  // namespace dnagpt
