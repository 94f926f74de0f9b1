#include "dnagpt/train/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "dnagpt/core/check.hpp"

namespace dnagpt {
namespace {

std::int64_t steps_of(double epochs, std::int64_t rows_per_epoch, std::int64_t rows) {
    double const steps = epochs * static_cast<double>(rows_per_epoch) / static_cast<double>(rows);
    return static_cast<std::int64_t>(std::ceil(steps - 1e-9 * steps));  // 1.1 x 100 is 110
}

}  // namespace

Schedule make_schedule(RunConfig const& config, std::int64_t rows_per_epoch) {
    ScheduleSection const& given = config.schedule;
    std::int64_t const rows = rows_per_step(config);
    Schedule schedule;
    schedule.steps = given.steps > 0 ? given.steps : steps_of(given.epochs, rows_per_epoch, rows);
    schedule.warmup_steps = given.warmup_epochs > 0
                                ? steps_of(given.warmup_epochs, rows_per_epoch, rows)
                                : given.warmup_steps;
    schedule.learning_rate = config.optimizer.learning_rate;
    schedule.minimum_learning_rate = given.minimum_learning_rate;
    DNAGPT_VALIDATE(schedule.warmup_steps <= schedule.steps,
                    << "the warm-up takes " << schedule.warmup_steps << " steps, the whole run "
                    << schedule.steps << "; shorten schedule.warmup_steps");
    return schedule;
}

double learning_rate(Schedule const& schedule, std::int64_t step) {
    if (step < schedule.warmup_steps) {
        return schedule.learning_rate * static_cast<double>(step + 1) /
               static_cast<double>(schedule.warmup_steps);
    }
    auto const span =
        static_cast<double>(std::max<std::int64_t>(1, schedule.steps - schedule.warmup_steps));
    double const done = std::min(1.0, static_cast<double>(step - schedule.warmup_steps) / span);
    return schedule.minimum_learning_rate +
           (schedule.learning_rate - schedule.minimum_learning_rate) * 0.5 *
               (1.0 + std::cos(std::numbers::pi * done));
}

}  // namespace dnagpt
