#include "dnagpt/train/step_reporter.hpp"

#include "dnagpt/core/log.hpp"
#include "dnagpt/core/profile.hpp"
#include "dnagpt/train/metrics.hpp"

namespace dnagpt {

StepReporter::StepReporter(RunConfig const& config, RunFolder const& folder, bool writes)
    : config_(config),
      shape_(model_shape(config.model)),
      path_(folder.metrics()),
      writes_(writes) {}

void StepReporter::start_after(std::int64_t step, nlohmann::ordered_json const& event) {
    if (writes_) {
        metrics_.reset();
        cut_after(path_,
                  [&](nlohmann::ordered_json const& line) { return is_after_step(line, step); });
        metrics_ = std::make_unique<JsonLinesWriter>(path_);
        if (!event.empty()) {
            metrics_->append(event);
        }
    }
    step_began_ = Clock::now();
}

void StepReporter::note_step(std::int64_t step, std::int64_t steps, StepSums const& sums,
                             TargetCounts const& targets, double learning_rate) {
    ProfileScope const scope("train", "metrics and log");
    auto const now = Clock::now();
    StepMetrics metrics;
    metrics.step = step;
    metrics.losses = mean_losses(sums, targets, config_.tasks);
    metrics.learning_rate = learning_rate;
    metrics.grad_norm = sums.grad_norm;
    metrics.tokens_per_step = config_.batch.tokens_per_step;
    metrics.tokens = step * config_.batch.tokens_per_step;
    metrics.step_seconds = std::chrono::duration<double>(now - step_began_).count();
    metrics.mfu = model_flops_utilisation(
        shape_, static_cast<double>(metrics.tokens_per_step) / metrics.step_seconds,
        config_.run.peak_tflops);
    step_began_ = now;
    seconds_of_steps_ += metrics.step_seconds;
    ++steps_timed_;
    if (metrics_) {
        metrics_->append(to_json(metrics));
    }
    if (steps_timed_ == 2 || step % config_.run.log_every_steps == 0 || step == steps) {
        double const left = seconds_of_steps_ / static_cast<double>(steps_timed_) *
                            static_cast<double>(steps - step);
        log_info(step_line(metrics, steps, left));
    }
}

void StepReporter::note(nlohmann::ordered_json const& line) {
    if (metrics_) {
        metrics_->append(line);
    }
    step_began_ = Clock::now();
}

}  // namespace dnagpt
