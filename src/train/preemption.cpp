#include "dnagpt/train/preemption.hpp"

#include <pthread.h>

#include <ctime>

#include "dnagpt/core/check.hpp"

namespace dnagpt {

Preemption::Preemption() : start_(std::chrono::steady_clock::now()) {
    sigemptyset(&stop_signals_);
    sigaddset(&stop_signals_, SIGTERM);
    sigaddset(&stop_signals_, SIGUSR1);
    DNAGPT_EXPECT(pthread_sigmask(SIG_BLOCK, &stop_signals_, &former_mask_) == 0);
}

Preemption::~Preemption() {
    take_pending_signals();
    pthread_sigmask(SIG_SETMASK, &former_mask_, nullptr);
}

void Preemption::take_pending_signals() {
    timespec const no_time{};
    while (sigtimedwait(&stop_signals_, nullptr, &no_time) > 0) {
        told_to_stop_ = true;
    }
}

bool Preemption::requested(Communicator const& world) {
    take_pending_signals();
    std::chrono::duration<double> const elapsed = std::chrono::steady_clock::now() - start_;
    bool const out_of_time = time_limit_ > 0 && elapsed.count() >= time_limit_;
    return world.any(told_to_stop_ || out_of_time);
}

}  // namespace dnagpt
