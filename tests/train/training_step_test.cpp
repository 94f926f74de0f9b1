#include "dnagpt/train/training_step.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <new>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/train/pretrain_run.hpp"
#include "harness/device_test_session.hpp"
#include "harness/mpi_verdict.hpp"
#include "train/tiny_run.hpp"

namespace {

/// The largest piece of memory that this thread asked for while it was watched.
thread_local bool watched = false;
thread_local std::size_t largest = 0;

}  // namespace

void* operator new(std::size_t size) {
    if (watched && size > largest) {
        largest = size;
    }
    void* const memory = std::malloc(size);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t /*size*/) noexcept {
    std::free(memory);
}

namespace dnagpt {
namespace {

using testing::device;
using testing::world;

class TrainingStep : public ::testing::Test {
  protected:
    TrainingStep() : folder_(world()) {
        testing::write_tiny_shards(folder_, world());
        config_ = testing::tiny_config(folder_);
        config_.model = {"", 2, 2, 64, 128, "fixed", "none"};
        config_.batch = {8 * 128, 4};
        config_.evaluation.every_steps = 0;
    }

    template <class T>
    static void expect_no_memory_after_the_first_step(RunConfig const& config) {
        PretrainRun<T> run(config, world(), device());
        run.train_step();
        run.train_step();
        largest = 0;
        watched = true;
        for (int step = 0; step < 4; ++step) {
            run.train_step();
        }
        watched = false;
        // Metrics and messages are text; the smallest activation is 4 x 128 x 64 numbers.
        EXPECT_LT(largest, sizeof(T) * 4 * 128 * 64 / 8);
        EXPECT_GT(largest, 0U);
    }

    testing::SharedFolder folder_;
    RunConfig config_;
};

TEST_F(TrainingStep, TakesNoMemoryAfterTheFirstInFloat) {
    expect_no_memory_after_the_first_step<float>(config_);
}

TEST_F(TrainingStep, TakesNoMemoryAfterTheFirstInBf16) {
    config_.run.precision = "bf16";
    expect_no_memory_after_the_first_step<bf16>(config_);
}

TEST_F(TrainingStep, LossesAreMeansOverTheirOwnTargets) {
    StepSums sums;
    sums.next_token = 30;
    sums.regression = 8;
    sums.answer = 3;
    TasksSection tasks;
    tasks.order_weight = 0.5;
    tasks.gc_weight = 0.25;
    StepLosses const losses = mean_losses(sums, {10, 4, 2}, tasks);
    EXPECT_EQ(losses.next_token, 3);
    EXPECT_EQ(losses.gc, 2);
    EXPECT_EQ(losses.order, 1.5);
    EXPECT_EQ(losses.loss, 3 + 0.25 * 2 + 0.5 * 1.5);
    EXPECT_EQ(mean_losses(sums, {10, 0, 0}, tasks).loss, 3);
}

}  // namespace
}  // namespace dnagpt
