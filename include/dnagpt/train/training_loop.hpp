#pragma once

#include <cstdint>
#include <functional>

#include "dnagpt/train/preemption.hpp"
#include "dnagpt/train/training_run.hpp"

namespace dnagpt {

/// When a run is validated and saved beside its end.
struct TrainingRhythm {
    std::function<bool(std::int64_t step)> validates_after;
    std::function<bool(std::int64_t step)> saves_after;
    std::function<void()> validate;
};

/// Trains to the end of the schedule. Collective. Returns exit_success then, exit_run_again when
/// `preemption` ended it after a save. With `profile` rank 0 logs at the end where the time of the
/// steps after the first went.
template <class T>
int train_to_the_end(TrainingRun<T>& run, TrainingRhythm const& rhythm, Preemption& preemption,
                     Communicator const& world, bool profile);

/// True for every `every`-th step; never where `every` is 0.
inline bool is_multiple(std::int64_t step, std::int64_t every) {
    return every > 0 && step % every == 0;
}

}  // namespace dnagpt
