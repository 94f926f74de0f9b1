#include "dnagpt/core/watchdog.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <thread>

#include "dnagpt/core/activity.hpp"
#include "dnagpt/core/profile.hpp"
#include "dnagpt/core/program.hpp"

namespace dnagpt {
namespace {

constexpr double patience = 0.5;

void wait(double seconds) {
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

/// Takes twice the patience, in short scopes.
void work() {
    for (int i = 0; i < 20; ++i) {
        ProfileScope const scope("ops", "working");
        wait(patience / 10);
    }
}

class WatchdogDeath : public ::testing::Test {
  protected:
    WatchdogDeath() { ::testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

TEST_F(WatchdogDeath, EndsTheProcessWithRoomStepAndSeconds) {
    EXPECT_EXIT(
        {
            Watchdog const watchdog(patience);
            note_activity_step(120);
            work();
            ProfileScope const scope("comm", "barrier");
            wait(100 * patience);
        },
        ::testing::ExitedWithCode(exit_failure),
        "no progress for [01] s at step 120, in comm \\(barrier\\)");
}

TEST_F(WatchdogDeath, WaitsForTheFirstStep) {
    note_activity_step(0);
    Watchdog const watchdog(patience);
    wait(4 * patience);
}

/// Standard error is a pipe that nobody reads and that is full.
TEST_F(WatchdogDeath, EndsTheProcessAlsoWhereItsMessageCannotBeWritten) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    pid_t const child = ::fork();
    if (child == 0) {
        ::dup2(ends[1], STDERR_FILENO);
        ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
        std::array<char, 4096> const junk{};
        while (::write(ends[1], junk.data(), junk.size()) > 0) {
        }
        ::fcntl(ends[1], F_SETFL, 0);
        Watchdog const watchdog(patience);
        note_activity_step(1);
        wait(1000 * patience);
        std::_Exit(exit_success);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) << status;
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_F(WatchdogDeath, LetsAThreadWorkAndNeverBarksWithoutPatience) {
    {
        Watchdog const watchdog(patience);
        note_activity_step(1);
        work();
    }
    Watchdog const none(0);
    wait(3 * patience);
}

/// The child stops longer than its patience; its watchdog must not take that for a stall.
TEST_F(WatchdogDeath, TimeInWhichTheProcessWasSuspendedDoesNotCount) {
    pid_t const child = ::fork();
    if (child == 0) {
        {
            Watchdog const watchdog(patience);
            note_activity_step(1);
            ::raise(SIGSTOP);
            work();
        }
        std::_Exit(exit_success);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, WUNTRACED), child);
    ASSERT_TRUE(WIFSTOPPED(status));
    wait(4 * patience);
    ASSERT_EQ(::kill(child, SIGCONT), 0);
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == exit_success) << status;
}

}  // namespace
}  // namespace dnagpt
