#pragma once

#include <chrono>
#include <csignal>

#include "dnagpt/comm/communicator.hpp"

namespace dnagpt {

/// SIGTERM, SIGUSR1, the run's time limit and the end of its Slurm job; all ranks agree on them at
/// the end of a step. The signals stay blocked and are fetched, never handled: a handler's frame
/// would be written over live memory where a library's kernel keeps data below the stack pointer
/// (docs/decisions/0005). So this must be made before the process starts any other thread (before
/// MPI and Kokkos), which then inherits the mask.
class Preemption {
  public:
    Preemption();
    /// Takes what is pending. The signals stay blocked: when the first rank has ended with 75, the
    /// launcher may tell the others to stop while they are ending with 75 themselves.
    ~Preemption() { take_pending_signals(); }
    Preemption(Preemption const&) = delete;
    Preemption& operator=(Preemption const&) = delete;

    /// Seconds from the making of this object after which a run stops; 0: none.
    void limit_time(double seconds) { time_limit_ = seconds; }
    /// A run in a Slurm job stops `margin` seconds before the job's end (SLURM_JOB_END_TIME), or
    /// when a tenth of the time until then is left, if that is later; 0: the end is not watched.
    void watch_job_end(double margin);
    /// Collective: true on every rank when any rank was told to stop or the time is over.
    bool requested(Communicator const& world);

  private:
    void take_pending_signals();

    std::chrono::steady_clock::time_point start_;
    double time_limit_ = 0;
    double seconds_of_job_ = 0;
    bool told_to_stop_ = false;
    sigset_t stop_signals_{};
};

}  // namespace dnagpt
