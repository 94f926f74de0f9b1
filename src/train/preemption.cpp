#include "dnagpt/train/preemption.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <optional>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/parse_number.hpp"
#include "dnagpt/core/progress.hpp"

namespace dnagpt {
namespace {

using Seconds = std::chrono::duration<double>;

}  // namespace

Preemption::Preemption() : start_(std::chrono::steady_clock::now()) {
    sigemptyset(&stop_signals_);
    sigaddset(&stop_signals_, SIGTERM);
    sigaddset(&stop_signals_, SIGUSR1);
    DNAGPT_EXPECT(pthread_sigmask(SIG_BLOCK, &stop_signals_, nullptr) == 0);
}

void Preemption::take_pending_signals() {
    timespec const no_time{};
    while (sigtimedwait(&stop_signals_, nullptr, &no_time) > 0) {
        told_to_stop_ = true;
    }
}

void Preemption::watch_job_end(double margin) {
    char const* text = std::getenv("SLURM_JOB_END_TIME");
    auto const end = text == nullptr ? std::nullopt : parse_whole_number(text);
    if (!end || margin == 0) {
        return;
    }
    Seconds const now = std::chrono::system_clock::now().time_since_epoch();
    Seconds const elapsed = std::chrono::steady_clock::now() - start_;
    double const left = static_cast<double>(*end) - now.count();
    seconds_of_job_ = elapsed.count() + std::max(0.0, left - std::min(margin, left / 10));
    log_info(fmt::format("the job ends in {}: the run saves and exits 75 in {}",
                         format_seconds(std::max(0.0, left)),
                         format_seconds(seconds_of_job_ - elapsed.count())));
}

bool Preemption::requested(Communicator const& world) {
    take_pending_signals();
    Seconds const elapsed = std::chrono::steady_clock::now() - start_;
    auto const over = [&](double limit) { return limit > 0 && elapsed.count() >= limit; };
    return world.any(told_to_stop_ || over(time_limit_) || over(seconds_of_job_));
}

}  // namespace dnagpt
