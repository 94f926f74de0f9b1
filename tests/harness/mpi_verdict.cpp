#include "harness/mpi_verdict.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>

#include "dnagpt/core/check.hpp"

namespace dnagpt::testing {
namespace {

Communicator const* running_world = nullptr;

/// Says nothing but failures, each with its rank.
class FailurePrinter : public ::testing::EmptyTestEventListener {
  public:
    explicit FailurePrinter(int rank) : rank_(rank) {}

  private:
    // Asking UnitTest for the test within OnTestPartResult would wait for its own lock.
    void OnTestStart(::testing::TestInfo const& info) override { test_ = &info; }
    void OnTestEnd(::testing::TestInfo const&) override { test_ = nullptr; }
    void OnTestPartResult(::testing::TestPartResult const& result) override {
        if (!result.failed()) {
            return;
        }
        char const* file = result.file_name();
        std::fprintf(stderr, "rank %d: %s.%s failed at %s:%d\n%s\n", rank_,
                     test_ != nullptr ? test_->test_suite_name() : "(no suite)",
                     test_ != nullptr ? test_->name() : "(no test)",
                     file != nullptr ? file : "(unknown file)", result.line_number(),
                     result.message());
    }

    int rank_;
    ::testing::TestInfo const* test_ = nullptr;
};

}  // namespace

Communicator const& world() {
    DNAGPT_EXPECT(running_world != nullptr);
    return *running_world;
}

int run_tests_together(Communicator const& world) {
    running_world = &world;
    auto& tests = *::testing::UnitTest::GetInstance();
    if (world.rank() > 0) {
        auto& listeners = tests.listeners();
        delete listeners.Release(listeners.default_result_printer());
        listeners.Append(new FailurePrinter(world.rank()));
    }
    bool const failed = RUN_ALL_TESTS() != 0;
    bool const none = tests.test_to_run_count() == 0;
    if (none) {
        std::fprintf(stderr, "rank %d: no test ran\n", world.rank());
    }
    std::int64_t const ranks_failed = world.all_reduce_sum(std::int64_t{failed || none ? 1 : 0});
    if (ranks_failed > 0 && world.rank() == 0) {
        std::fprintf(stderr, "%lld of %d ranks failed\n", static_cast<long long>(ranks_failed),
                     world.size());
    }
    return ranks_failed > 0 ? 1 : 0;
}

}  // namespace dnagpt::testing
