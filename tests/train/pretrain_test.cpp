#include "dnagpt/train/pretrain.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/device/device_session.hpp"
#include "dnagpt/io/json_lines.hpp"
#include "harness/device_test_session.hpp"
#include "harness/message_of.hpp"
#include "harness/mpi_verdict.hpp"
#include "train/tiny_run.hpp"

namespace dnagpt {
namespace {

namespace fs = std::filesystem;
using testing::device;
using testing::world;

std::string bytes_of(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

int pretrain_here(RunConfig const& config) {
    Preemption preemption;
    return pretrain(config, world(), device(), preemption);
}

class Pretrain : public ::testing::Test {
  protected:
    Pretrain() : folder_(world()) { testing::write_tiny_shards(folder_, world()); }

    /// A copy of run folder `from` as it stood after its step 10.
    void copy_with_first_checkpoint(std::string const& from, std::string const& to) const {
        if (world().rank() == 0) {
            fs::copy(folder_.file(from), folder_.file(to), fs::copy_options::recursive);
            fs::remove(folder_.file(to) + "/checkpoints/step_00000020.h5");
        }
        world().barrier();
    }

    std::string last_checkpoint(std::string const& run) const {
        return bytes_of(folder_.file(run) + "/checkpoints/step_00000020.h5");
    }

    testing::SharedFolder folder_;
};

TEST_F(Pretrain, ResumedRunIsBitIdenticalToAnUninterruptedOne) {
    for (char const* precision : {"float", "bf16"}) {
        RunConfig config = testing::tiny_config(folder_);
        config.run.precision = precision;
        std::string const whole = std::string("whole_") + precision;
        std::string const resumed = std::string("resumed_") + precision;
        config.run.folder = folder_.file(whole);
        ASSERT_EQ(pretrain_here(config), exit_success);
        copy_with_first_checkpoint(whole, resumed);
        config.run.folder = folder_.file(resumed);
        ASSERT_EQ(pretrain_here(config), exit_success);
        ASSERT_FALSE(last_checkpoint(whole).empty());
        EXPECT_EQ(last_checkpoint(whole), last_checkpoint(resumed)) << precision;
    }
}

TEST_F(Pretrain, EqualRunsWriteEqualBytes) {
    RunConfig config = testing::tiny_config(folder_);
    config.run.folder = folder_.file("a");
    ASSERT_EQ(pretrain_here(config), exit_success);
    config.run.folder = folder_.file("b");
    ASSERT_EQ(pretrain_here(config), exit_success);
    EXPECT_EQ(last_checkpoint("a"), last_checkpoint("b"));
    config.run.folder = folder_.file("c");
    config.run.seed = 2;
    ASSERT_EQ(pretrain_here(config), exit_success);
    EXPECT_NE(last_checkpoint("a"), last_checkpoint("c"));
}

TEST_F(Pretrain, MetricsHaveEachStepOnceAfterAResume) {
    RunConfig config = testing::tiny_config(folder_);
    ASSERT_EQ(pretrain_here(config), exit_success);
    if (world().rank() == 0) {
        fs::remove(config.run.folder + "/checkpoints/step_00000020.h5");
    }
    world().barrier();
    ASSERT_EQ(pretrain_here(config), exit_success);
    std::int64_t step = 0;
    int resumed = 0;
    int evaluations = 0;
    for (auto const& line : read_json_lines(config.run.folder + "/metrics.jsonl")) {
        resumed += line.contains("resumed") ? 1 : 0;
        evaluations += line.contains("evaluation") ? 1 : 0;
        if (line.contains("step")) {
            EXPECT_EQ(line["step"], ++step);
        }
    }
    EXPECT_EQ(step, 20);
    EXPECT_EQ(resumed, 1);
    EXPECT_EQ(evaluations, 2);
}

TEST_F(Pretrain, LossFallsOnRepeatingText) {
    RunConfig config = testing::tiny_config(folder_);
    config.schedule.steps = 30;  // within the first pass: the next one reads the text shifted
    config.checkpoint.every_steps = 30;
    config.evaluation.every_steps = 0;
    config.optimizer.learning_rate = 1e-2;
    config.schedule.minimum_learning_rate = 1e-2;
    ASSERT_EQ(pretrain_here(config), exit_success);
    auto const lines = read_json_lines(config.run.folder + "/metrics.jsonl");
    EXPECT_LT(lines.back()["loss_next_token"].get<double>(),
              0.5 * lines.front()["loss_next_token"].get<double>());
}

TEST_F(Pretrain, ADamagedCheckpointIsSetAsideAndThePreviousOneTaken) {
    RunConfig config = testing::tiny_config(folder_);
    ASSERT_EQ(pretrain_here(config), exit_success);
    std::string const newest = config.run.folder + "/checkpoints/step_00000020.h5";
    std::string const before = bytes_of(newest);
    world().barrier();
    if (world().rank() == 0) {
        std::fstream file(newest, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(before.size() / 2));
        file.put(static_cast<char>(before[before.size() / 2] ^ 1));
    }
    world().barrier();
    ASSERT_EQ(pretrain_here(config), exit_success);
    EXPECT_TRUE(fs::exists(newest + ".damaged"));
    EXPECT_EQ(bytes_of(newest), before);
}

/// The first update throws the weights out of float's range; no later loss is finite.
TEST_F(Pretrain, ARunThatNeverStaysFiniteIsRolledBackTwiceAndThenEnds) {
    RunConfig config = testing::tiny_config(folder_);
    config.optimizer.learning_rate = 1e38;
    config.optimizer.max_norm = 0;
    std::string const message = testing::message_of([&] { pretrain_here(config); });
    EXPECT_NE(message.find("3 times in a row"), std::string::npos) << message;
    auto const lines = read_json_lines(config.run.folder + "/metrics.jsonl");
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_TRUE(lines[0].contains("rolled_back"));
    EXPECT_TRUE(lines[1].contains("rolled_back"));
    EXPECT_EQ(lines[2]["step"], 1);
}

TEST_F(Pretrain, ChangedSettingsAreRefused) {
    RunConfig config = testing::tiny_config(folder_);
    ASSERT_EQ(pretrain_here(config), exit_success);
    config.optimizer.beta1 = 0.5;
    EXPECT_THROW(pretrain_here(config), Error);
    config.run.allow_changes = {"optimizer.beta1"};
    EXPECT_EQ(pretrain_here(config), exit_success);
}

TEST_F(Pretrain, OtherShardsAreRefused) {
    RunConfig config = testing::tiny_config(folder_);
    ASSERT_EQ(pretrain_here(config), exit_success);
    if (world().rank() == 0) {
        fs::remove(config.data.shards + "/second_species.train.000.h5");
        fs::remove(config.data.shards + "/second_species.validation.000.h5");
    }
    world().barrier();
    EXPECT_THROW(pretrain_here(config), Error);
}

TEST_F(Pretrain, StagedShardsGiveTheSameRun) {
    RunConfig config = testing::tiny_config(folder_);
    config.run.folder = folder_.file("in_place");
    ASSERT_EQ(pretrain_here(config), exit_success);
    config.run.folder = folder_.file("staged");
    config.data.stage = folder_.file("stage");
    ASSERT_EQ(pretrain_here(config), exit_success);
    EXPECT_EQ(last_checkpoint("in_place"), last_checkpoint("staged"));
    EXPECT_FALSE(fs::is_empty(config.data.stage));
}

TEST_F(Pretrain, TheTimeLimitSavesAndAsksToRunAgain) {
    RunConfig config = testing::tiny_config(folder_);
    config.run.time_limit = 1e-6;
    EXPECT_EQ(pretrain_here(config), exit_run_again);
    EXPECT_TRUE(fs::exists(config.run.folder + "/checkpoints/step_00000001.h5"));
}

}  // namespace
}  // namespace dnagpt
