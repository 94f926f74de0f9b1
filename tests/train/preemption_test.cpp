#include "dnagpt/train/preemption.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dnagpt/ops/gemm.hpp"
#include "harness/device_array.hpp"
#include "harness/device_test_session.hpp"
#include "harness/mpi_verdict.hpp"

namespace dnagpt {
namespace {

using testing::device;
using testing::world;

TEST(Preemption, NothingIsRequestedWithoutASignal) {
    Preemption preemption;
    EXPECT_FALSE(preemption.requested(world()));
}

TEST(Preemption, BothSignalsAreRememberedAndKillNothing) {
    for (int signal : {SIGTERM, SIGUSR1}) {
        Preemption preemption;
        pthread_kill(pthread_self(), signal);
        EXPECT_TRUE(preemption.requested(world()));
        EXPECT_TRUE(preemption.requested(world()));
    }
    Preemption preemption;
    EXPECT_FALSE(preemption.requested(world()));
}

TEST(Preemption, ASignalAfterItsEndKillsNothing) {
    { Preemption preemption; }
    pthread_kill(pthread_self(), SIGTERM);
    { Preemption preemption; }
    Preemption preemption;
    EXPECT_FALSE(preemption.requested(world()));
}

TEST(Preemption, TheTimeLimitIsOver) {
    Preemption preemption;
    preemption.limit_time(1e-9);
    EXPECT_TRUE(preemption.requested(world()));
}

/// Of a job that ends in `seconds`.
bool stops_within(double seconds, double margin) {
    auto const now = std::chrono::system_clock::now().time_since_epoch();
    auto const end = std::chrono::duration_cast<std::chrono::seconds>(now).count() + seconds;
    ::setenv("SLURM_JOB_END_TIME", std::to_string(static_cast<std::int64_t>(end)).c_str(), 1);
    Preemption preemption;
    preemption.watch_job_end(margin);
    ::unsetenv("SLURM_JOB_END_TIME");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return preemption.requested(world());
}

TEST(Preemption, TheEndOfTheJobIsNear) {
    EXPECT_FALSE(stops_within(1000, 300));
    EXPECT_FALSE(stops_within(200, 300)) << "a tenth of the time is the most that is given up";
    EXPECT_TRUE(stops_within(-10, 300)) << "the end is over";
    EXPECT_FALSE(stops_within(-10, 0)) << "not watched";
}

TEST(Preemption, WithoutAJobThereIsNoEnd) {
    Preemption preemption;
    preemption.watch_job_end(300);
    EXPECT_FALSE(preemption.requested(world()));
}

TEST(Preemption, AThreadStartedLaterInheritsTheMask) {
    Preemption preemption;
    std::thread([] {
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        EXPECT_TRUE(sigismember(&mask, SIGTERM) == 1 && sigismember(&mask, SIGUSR1) == 1);
    }).join();
}

// With a handler instead of a blocked mask, the heap is damaged within this test.
TEST(Preemption, SignalsInTheMiddleOfProductsLeaveTheHeapWhole) {
    Preemption preemption;
    pthread_t const computing = pthread_self();
    std::atomic<bool> over = false;
    std::thread sender([&] {
        while (!over) {
            pthread_kill(computing, SIGUSR1);
            std::this_thread::sleep_for(std::chrono::microseconds(100));
        }
    });
    std::int64_t const rows = 256, columns = 256, inner = 4096;
    testing::DeviceArray<float> const a(rows * inner), b(inner * columns), c(rows * columns);
    GemmEngine engine;
    GemmShape const shape{
        .m = rows, .n = columns, .k = inner, .lda = inner, .ldb = columns, .ldc = columns};
    for (int i = 0; i < 300; ++i) {
        // Neighbours of the library's work space in the heap.
        auto const neighbours = std::make_unique<std::vector<char>>(100 + 37 * (i % 64));
        gemm(engine, device().stream(), shape, a.vector().data(), b.vector().data(),
             c.vector().data());
    }
    over = true;
    sender.join();
    EXPECT_TRUE(preemption.requested(world()));
}

}  // namespace
}  // namespace dnagpt
