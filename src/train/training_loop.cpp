#include "dnagpt/train/training_loop.hpp"

#include <fmt/format.h>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/profile.hpp"
#include "dnagpt/core/program.hpp"

namespace dnagpt {
namespace {

/// Counts from the second step on, when everything is taken and prepared.
class RunProfile {
  public:
    explicit RunProfile(bool wanted) : wanted_(wanted) {}
    void note_step() {
        if (wanted_ && !profiling()) {
            start_profile(device_fence);
        } else {
            ++steps_;
        }
    }
    ~RunProfile() {
        if (profiling() && steps_ > 0) {
            log_info(fmt::format("profile of rank 0 over {} steps\n{}", steps_,
                                 format_profile(profile_lines(), steps_)));
        }
        stop_profile();
    }
    RunProfile(RunProfile const&) = delete;
    RunProfile& operator=(RunProfile const&) = delete;

  private:
    bool wanted_;
    std::int64_t steps_ = 0;
};

}  // namespace

template <class T>
int train_to_the_end(TrainingRun<T>& run, TrainingRhythm const& rhythm, Preemption& preemption,
                     Communicator const& world, bool profile) {
    RunProfile run_profile(profile);
    while (!run.complete()) {
        bool const applied = run.train_step();
        run_profile.note_step();
        run.poll_save();
        bool const last = run.complete();
        bool const stop = !last && preemption.requested(world);
        bool const saves = last || stop || (applied && rhythm.saves_after(run.step()));
        if (saves && !run.require_finite_weights()) {
            continue;
        }
        if (applied && rhythm.validates_after(run.step())) {
            rhythm.validate();
        }
        if (saves) {
            run.save(last || stop);
        }
        if (stop) {
            run.log_peak_memory();
            log_info(fmt::format(
                "told to stop: saved at step {}; run the same command again to go on", run.step()));
            return exit_run_again;
        }
    }
    run.log_peak_memory();
    return exit_success;
}

#define DNAGPT_INSTANTIATE(T)                                                          \
    template int train_to_the_end(TrainingRun<T>&, TrainingRhythm const&, Preemption&, \
                                  Communicator const&, bool)
DNAGPT_INSTANTIATE(float);
DNAGPT_INSTANTIATE(bf16);

}  // namespace dnagpt
