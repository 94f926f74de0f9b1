#include "dnagpt/train/run_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;

TEST(RunFolder, HasItsFilesUnderOnePath) {
    testing::TemporaryFolder const scratch;
    RunFolder const folder(scratch.file("run"), true);
    EXPECT_TRUE(std::filesystem::is_directory(folder.checkpoints()));
    EXPECT_EQ(folder.metrics(), scratch.file("run") + "/metrics.jsonl");
}

TEST(RunFolder, KeepsASecondRunOutWhileTheFirstLives) {
    testing::TemporaryFolder const scratch;
    {
        RunFolder const first(scratch.file("run"), true);
        std::string const message =
            message_of([&] { RunFolder second(scratch.file("run"), true, {.patience = 0}); });
        EXPECT_NE(message.find("another run is writing"), std::string::npos) << message;
        EXPECT_EQ(message_of([&] { RunFolder follower(scratch.file("run"), false); }), "no error");
    }
    EXPECT_EQ(message_of([&] { RunFolder third(scratch.file("run"), true); }), "no error");
}

TEST(RunFolder, SaysWhyItCannotBeMade) {
    testing::TemporaryFolder const scratch;
    std::string const message = message_of([&] { RunFolder folder("/proc/no_run_here", true); });
    EXPECT_NE(message.find("/proc/no_run_here"), std::string::npos) << message;
}

}  // namespace
}  // namespace dnagpt
