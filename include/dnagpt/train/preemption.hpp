#pragma once

#include <chrono>

#include "dnagpt/comm/communicator.hpp"

namespace dnagpt {

/// Notes SIGTERM and SIGUSR1 and the run's time limit; all ranks agree at the end of a step.
class Preemption {
  public:
    /// time_limit in seconds from now; 0: none. Installs the signal handlers.
    explicit Preemption(double time_limit);

    /// Collective: true on every rank when any rank was told to stop or the time is over.
    bool requested(Communicator const& world) const;

  private:
    std::chrono::steady_clock::time_point start_;
    double time_limit_;
};

}  // namespace dnagpt
