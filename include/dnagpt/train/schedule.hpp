#pragma once

#include <cstdint>

#include "dnagpt/config/run_config.hpp"

namespace dnagpt {

/// A schedule in steps, whatever unit the config used.
struct Schedule {
    std::int64_t steps = 0;
    std::int64_t warmup_steps = 0;
    double learning_rate = 0;
    double minimum_learning_rate = 0;
};

/// Steps are rounded up from epochs; an epoch is `rows_per_epoch` rows. Throws Error when the
/// warm-up is longer than the run.
Schedule make_schedule(RunConfig const& config, std::int64_t rows_per_epoch);

/// Rate of step 0, 1, ...: linear to learning_rate at the last step of the warm-up, then half a
/// cosine down to minimum_learning_rate (Loshchilov, Hutter 2017).
double learning_rate(Schedule const& schedule, std::int64_t step);

}  // namespace dnagpt
