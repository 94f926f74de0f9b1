#include "dnagpt/train/pretrain.hpp"

#include <fmt/format.h>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/profile.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/train/pretrain_run.hpp"

namespace dnagpt {
namespace {

bool is_multiple(std::int64_t step, std::int64_t every) {
    return every > 0 && step % every == 0;
}

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

void log_memory(RunConfig const& config, Communicator const& world) {
    auto const bytes = [](std::int64_t count) {
        return format_bytes(static_cast<std::uint64_t>(count));
    };
    log_info(fmt::format("peak memory of a rank on its host: {} (planned {})",
                         bytes(world.all_reduce_max(peak_resident_bytes())),
                         bytes(training_memory(config, world.size()).total())));
}

template <class T>
int pretrain_as(RunConfig const& config, Communicator const& world, DeviceSession const& device,
                Preemption& preemption, bool profile) {
    PretrainRun<T> run(config, world, device);
    RunProfile run_profile(profile);
    if (run.step() >= run.schedule().steps) {
        log_info(
            fmt::format("the run is complete: {} of {} steps", run.step(), run.schedule().steps));
        return exit_success;
    }
    while (run.step() < run.schedule().steps) {
        bool const applied = run.train_step();
        run_profile.note_step();
        run.poll_save();
        bool const last = run.step() == run.schedule().steps;
        bool const stop = !last && preemption.requested(world);
        bool const saves =
            last || stop || (applied && is_multiple(run.step(), config.checkpoint.every_steps));
        if (saves && !run.require_finite_weights()) {
            continue;
        }
        if (applied && config.evaluation.every_steps > 0 &&
            (last || is_multiple(run.step(), config.evaluation.every_steps))) {
            run.validate();
        }
        if (saves) {
            run.save(last || stop);
        }
        if (stop) {
            log_info(fmt::format(
                "told to stop: saved at step {}; run the same command again to go on", run.step()));
            return exit_run_again;
        }
    }
    log_memory(config, world);
    log_info(fmt::format("the run is complete: {} steps", run.step()));
    return exit_success;
}

}  // namespace

int pretrain(RunConfig const& config, Communicator const& world, DeviceSession const& device,
             Preemption& preemption, bool profile) {
    preemption.limit_time(config.run.time_limit);
    return config.run.precision == "bf16"
               ? pretrain_as<bf16>(config, world, device, preemption, profile)
               : pretrain_as<float>(config, world, device, preemption, profile);
}

}  // namespace dnagpt
