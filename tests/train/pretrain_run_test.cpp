#include "dnagpt/train/pretrain_run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "dnagpt/checkpoint/checkpoint_file.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/device/device_session.hpp"
#include "dnagpt/io/json_lines.hpp"
#include "dnagpt/ops/elementwise.hpp"
#include "harness/device_test_session.hpp"
#include "harness/message_of.hpp"
#include "harness/mpi_verdict.hpp"
#include "train/tiny_run.hpp"

namespace dnagpt {
namespace {

using testing::device;
using testing::world;

class RollBack : public ::testing::Test {
  protected:
    RollBack() : folder_(world()) {
        testing::write_tiny_shards(folder_, world());
        config_ = testing::tiny_config(folder_);
    }

    static void steps(TrainingRun<float>& run, int count) {
        for (int i = 0; i < count; ++i) {
            run.train_step();
        }
    }

    /// Every loss is NaN from here on, until the weights come from a checkpoint again.
    static void spoil(TrainingRun<float>& run) {
        Context context{device().stream(), GemmEngine(), Arena(0)};
        fill(context, run.memory().weights.view(), std::numeric_limits<float>::quiet_NaN());
        device_fence();
    }

    testing::SharedFolder folder_;
    RunConfig config_;
};

TEST_F(RollBack, AfterThreeNonFiniteStepsTrainingGoesOnFromTheCheckpointWithOtherRows) {
    PretrainRun<float> pretraining(config_, world(), device());
    TrainingRun<float>& run = pretraining.training();
    steps(run, 4);
    run.save(true);
    steps(run, 2);
    spoil(run);
    EXPECT_FALSE(run.train_step());
    EXPECT_FALSE(run.train_step());
    EXPECT_EQ(run.step(), 6);
    EXPECT_FALSE(run.train_step());
    EXPECT_EQ(run.step(), 4);
    EXPECT_EQ(run.progress().skip_list, (std::vector<std::int64_t>{4, 5, 6, 7, 8}));
    EXPECT_TRUE(run.train_step());
    EXPECT_EQ(run.step(), 5);
    world().barrier();
    auto const lines = read_json_lines(config_.run.folder + "/metrics.jsonl");
    ASSERT_EQ(lines.size(), 6U);
    EXPECT_EQ(lines[4]["rolled_back"]["from"], 6);
    EXPECT_EQ(lines[4]["rolled_back"]["step"], 4);
    EXPECT_EQ(lines[5]["step"], 5);
}

TEST_F(RollBack, WithoutACheckpointItGoesBackToTheFirstWeights) {
    PretrainRun<float> pretraining(config_, world(), device());
    TrainingRun<float>& run = pretraining.training();
    steps(run, 1);
    spoil(run);
    steps(run, 3);
    ASSERT_EQ(run.step(), 0);
    run.save(true);
    auto const first = CheckpointReader::open(config_.run.folder + "/checkpoints/step_00000000.h5");
    std::vector<float> moments(static_cast<std::size_t>(first.header().elements));
    first.read(StateVector::adam_m, 0, moments);
    EXPECT_EQ(std::count(moments.begin(), moments.end(), 0.0F), first.header().elements);
    EXPECT_TRUE(run.train_step());
}

TEST_F(RollBack, TheThirdTimeFromOneCheckpointEndsTheRun) {
    PretrainRun<float> pretraining(config_, world(), device());
    TrainingRun<float>& run = pretraining.training();
    for (int time = 0; time < 2; ++time) {
        spoil(run);
        steps(run, 3);
    }
    spoil(run);
    steps(run, 2);
    std::string const message = testing::message_of([&] { run.train_step(); });
    EXPECT_NE(message.find("3 times in a row after step 0"), std::string::npos) << message;
    EXPECT_NE(message.find("was tried 2 times"), std::string::npos) << message;
}

TEST_F(RollBack, ARunThatIsKilledAfterARollBackIsRolledBackInTheSameWay) {
    std::vector<std::vector<std::int64_t>> skipped;
    for (int start = 0; start < 2; ++start) {
        PretrainRun<float> pretraining(config_, world(), device());
        TrainingRun<float>& run = pretraining.training();
        if (start == 0) {
            steps(run, 2);
            run.save(true);
        }
        ASSERT_EQ(run.step(), 2);
        EXPECT_TRUE(run.progress().skip_list.empty());
        steps(run, 1);
        spoil(run);
        steps(run, 3);
        EXPECT_EQ(run.step(), 2);
        skipped.push_back(run.progress().skip_list);
    }
    EXPECT_EQ(skipped[0], skipped[1]);
    EXPECT_FALSE(skipped[0].empty());
}

TEST_F(RollBack, ANewCheckpointAllowsTwoMore) {
    PretrainRun<float> pretraining(config_, world(), device());
    TrainingRun<float>& run = pretraining.training();
    for (int time = 0; time < 4; ++time) {
        spoil(run);
        steps(run, 4);
        if (time == 1) {
            run.save(true);
        }
    }
    EXPECT_EQ(run.step(), 2);
}

TEST_F(RollBack, AWeightThatIsNotFiniteIsFoundBeforeItIsSaved) {
    config_.optimizer.learning_rate = std::numeric_limits<double>::infinity();
    config_.schedule.minimum_learning_rate = config_.optimizer.learning_rate;
    PretrainRun<float> pretraining(config_, world(), device());
    TrainingRun<float>& run = pretraining.training();
    EXPECT_TRUE(run.require_finite_weights());
    EXPECT_TRUE(run.train_step());
    EXPECT_FALSE(run.require_finite_weights());
    EXPECT_EQ(run.step(), 0);
    EXPECT_TRUE(run.require_finite_weights());
}

}  // namespace
}  // namespace dnagpt
