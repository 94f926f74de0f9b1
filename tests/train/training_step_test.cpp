#include "dnagpt/train/training_step.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/train/pretrain_run.hpp"
#include "harness/device_test_session.hpp"
#include "harness/mpi_verdict.hpp"
#include "train/tiny_run.hpp"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__CUDACC__)
#define DNAGPT_SEES_MEMORY
#endif

namespace {

/// The largest piece of memory that this thread asked for while it was watched.
thread_local bool watched = false;
thread_local std::size_t largest = 0;

#if defined(DNAGPT_SEES_MEMORY)
/// Not what oneDNN takes: its float products on CPUs without AVX-512 pack operands into memory of
/// their own each time.
void note(std::size_t size, void* caller) {
    Dl_info library;
    if (watched && size > largest &&
        (dladdr(caller, &library) == 0 || std::strstr(library.dli_fname, "libdnnl") == nullptr)) {
        largest = size;
    }
}
#endif

}  // namespace

#if defined(DNAGPT_SEES_MEMORY)
// All ways to memory, those of libraries too; glibc's own functions stand behind them. The
// sanitizer has its own and sees through none of them.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) {
    note(size, __builtin_return_address(0));
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
    note(count * size, __builtin_return_address(0));
    return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
    note(size, __builtin_return_address(0));
    return __libc_realloc(memory, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
    note(size, __builtin_return_address(0));
    *memory = __libc_memalign(alignment, size);
    return *memory == nullptr ? ENOMEM : 0;
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    note(size, __builtin_return_address(0));
    return __libc_memalign(alignment, size);
}
}
#endif

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
#if !defined(DNAGPT_SEES_MEMORY)
        GTEST_SKIP() << "AddressSanitizer has its own malloc, and nvcc takes none";
#endif
        PretrainRun<T> pretraining(config, world(), device());
        TrainingRun<T>& run = pretraining.training();
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

TEST_F(TrainingStep, TheWatchSeesWhatLibrariesTake) {
#if !defined(DNAGPT_SEES_MEMORY)
    GTEST_SKIP() << "AddressSanitizer has its own malloc, and nvcc takes none";
#endif
    largest = 0;
    watched = true;
    Buffer<float> const buffer("seen", 100'000);
    watched = false;
    EXPECT_GE(largest, 400'000U);
}

TEST_F(TrainingStep, TakesNoMemoryAfterTheFirstInFloat) {
    expect_no_memory_after_the_first_step<float>(config_);
}

TEST_F(TrainingStep, TakesNoMemoryAfterTheFirstInBf16) {
    config_.run.precision = "bf16";
    expect_no_memory_after_the_first_step<bf16>(config_);
}

#if KOKKOS_VERSION >= 40000
std::int64_t fences = 0;

TEST_F(TrainingStep, OnAGpuTheHostWaitsOnceAStep) {
    if (on_host) {
        GTEST_SKIP() << "on a CPU everything is done when a call returns";
    }
    config_.run.precision = "bf16";
    PretrainRun<bf16> pretraining(config_, world(), device());
    TrainingRun<bf16>& run = pretraining.training();
    run.train_step();
    fences = 0;
    Kokkos::Tools::Experimental::set_begin_fence_callback(
        [](char const* /*name*/, std::uint32_t /*device*/, std::uint64_t* /*id*/) { ++fences; });
    constexpr int steps = 4;
    for (int step = 0; step < steps; ++step) {
        run.train_step();
    }
    Kokkos::Tools::Experimental::set_begin_fence_callback(nullptr);
    // The copy of the step's sums to the host waits before and after itself, for what
    // DeviceCollectives::wait has seen done, and each time both backends tell.
    EXPECT_LE(fences, 4 * steps);
}
#endif

TEST_F(TrainingStep, TheAlgorithmsOfProductsAreTheSameOnAllRanksAndAfterAResume) {
    config_.run.precision = "bf16";
    config_.run.time_products = true;
    std::string chosen;
    {
        PretrainRun<bf16> pretraining(config_, world(), device());
        TrainingRun<bf16>& run = pretraining.training();
        chosen = run.identity().product_choices;
        EXPECT_EQ(chosen, world().broadcast(chosen));
        EXPECT_EQ(chosen, run.context().gemm.choices());
        EXPECT_EQ(chosen.empty(), on_host);
        run.train_step();
        run.save(true);
    }
    PretrainRun<bf16> resumed(config_, world(), device());
    EXPECT_EQ(resumed.training().step(), 1);
    EXPECT_EQ(resumed.training().identity().product_choices, chosen);
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
    EXPECT_EQ(losses.regression, 2);
    EXPECT_EQ(losses.answer, 1.5);
    EXPECT_EQ(losses.loss, 3 + 0.25 * 2 + 0.5 * 1.5);
    EXPECT_EQ(mean_losses(sums, {10, 0, 0}, tasks).loss, 3);
}

}  // namespace
}  // namespace dnagpt
