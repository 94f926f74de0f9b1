#include "dnagpt/train/preemption.hpp"

#include <csignal>

namespace dnagpt {
namespace {

volatile std::sig_atomic_t stop_signal = 0;

void note_signal(int signal) {
    stop_signal = signal;
}

}  // namespace

Preemption::Preemption(double time_limit)
    : start_(std::chrono::steady_clock::now()), time_limit_(time_limit) {
    stop_signal = 0;
    struct sigaction action {};
    action.sa_handler = note_signal;
    action.sa_flags = SA_RESTART;
    sigaction(SIGTERM, &action, nullptr);
    sigaction(SIGUSR1, &action, nullptr);
}

bool Preemption::requested(Communicator const& world) const {
    std::chrono::duration<double> const elapsed = std::chrono::steady_clock::now() - start_;
    bool const out_of_time = time_limit_ > 0 && elapsed.count() >= time_limit_;
    return world.any(stop_signal != 0 || out_of_time);
}

}  // namespace dnagpt
