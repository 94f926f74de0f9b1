#include "dnagpt/core/watchdog.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>

#include "dnagpt/core/activity.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/program.hpp"

namespace dnagpt {
namespace {

using Seconds = std::chrono::duration<double>;

/// Seconds that the message may take: the log's disk may be what does not answer.
constexpr unsigned message_patience = 10;

[[noreturn]] void end_stalled(Activity const& activity, double seconds) {
    std::signal(SIGALRM, SIG_DFL);
    ::alarm(message_patience);
    log_error(fmt::format(
        "no progress for {:.0f} s at step {}, in {} ({}): another rank is stopped or lost, or a "
        "disk or network does not answer; look at the other ranks' lines, then run the same "
        "command again. Where this part takes so long, raise run.stall_seconds",
        seconds, activity.step, activity.room, activity.operation));
    std::_Exit(exit_failure);
}

}  // namespace

Watchdog::Watchdog(double seconds) {
    watch_this_thread();
    if (seconds > 0) {
        thread_ = std::thread([this, seconds] { watch(seconds); });
    }
}

Watchdog::~Watchdog() {
    {
        std::lock_guard const lock(mutex_);
        over_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Watchdog::watch(double seconds) {
    Seconds const turn(std::clamp(seconds / 10, 0.02, 1.0));
    std::uint64_t seen = current_activity().changes;
    double stalled = 0;
    auto last = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, turn, [this] { return over_; })) {
        auto const now = std::chrono::steady_clock::now();
        // Two turns at most: a longer one is a process that was suspended.
        stalled += std::min(Seconds(now - last), 2 * turn).count();
        last = now;
        Activity const activity = current_activity();
        if (activity.changes != seen || activity.step == 0) {
            seen = activity.changes;
            stalled = 0;
        } else if (stalled >= seconds) {
            end_stalled(activity, stalled);
        }
    }
}

}  // namespace dnagpt
