#include "dnagpt/train/pretrain.hpp"

#include <fmt/format.h>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/train/pretrain_run.hpp"
#include "dnagpt/train/run_guard.hpp"
#include "dnagpt/train/training_loop.hpp"

namespace dnagpt {
namespace {

template <class T>
int pretrain_as(RunConfig const& config, Communicator const& world, DeviceSession const& device,
                Preemption& preemption, bool profile) {
    PretrainRun<T> run(config, world, device);
    TrainingRun<T>& training = run.training();
    std::int64_t const steps = training.schedule().steps;
    if (training.complete()) {
        log_info(fmt::format("the run is complete: {} of {} steps", training.step(), steps));
        return exit_success;
    }
    std::int64_t const every = config.evaluation.every_steps;
    TrainingRhythm const rhythm{
        [=](std::int64_t step) { return every > 0 && (step == steps || is_multiple(step, every)); },
        [&](std::int64_t step) { return is_multiple(step, config.checkpoint.every_steps); },
        [&] { run.validate(); }};
    int const result = train_to_the_end(training, rhythm, preemption, world, profile);
    if (result == exit_success) {
        log_info(fmt::format("the run is complete: {} steps", training.step()));
    }
    return result;
}

}  // namespace

int pretrain(RunConfig const& config, Communicator const& world, DeviceSession const& device,
             Preemption& preemption, bool profile) {
    RunGuard const guard(config, world, preemption);
    return config.run.precision == "bf16"
               ? pretrain_as<bf16>(config, world, device, preemption, profile)
               : pretrain_as<float>(config, world, device, preemption, profile);
}

}  // namespace dnagpt
