#include "dnagpt/train/step_reporter.hpp"

#include <utility>

#include "dnagpt/core/log.hpp"
#include "dnagpt/core/profile.hpp"

namespace dnagpt {

StepReporter::StepReporter(RunConfig const& config, LossNames names, double peak_tflops,
                           RunFolder const& folder, bool writes)
    : config_(config),
      names_(std::move(names)),
      peak_tflops_(peak_tflops),
      shape_(model_shape(config.model)),
      path_(folder.metrics()),
      writes_(writes) {}

void StepReporter::start_after(std::int64_t step, nlohmann::ordered_json const& event) {
    if (writes_) {
        metrics_.reset();
        cut_after(path_,
                  [&](nlohmann::ordered_json const& line) { return fate_after_step(line, step); });
        metrics_ = std::make_unique<JsonLinesWriter>(path_);
        if (!event.empty()) {
            metrics_->append(event);
        }
    }
    step_began_ = Clock::now();
}

void StepReporter::note_step(RunProgress const& progress, std::int64_t steps, StepMetrics metrics) {
    ProfileScope const scope("train", "metrics and log");
    auto const now = Clock::now();
    metrics.step = progress.step;
    metrics.tokens = progress.tokens;
    metrics.step_seconds = std::chrono::duration<double>(now - step_began_).count();
    metrics.mfu = model_flops_utilisation(
        shape_, static_cast<double>(metrics.tokens_of_step) / metrics.step_seconds, peak_tflops_);
    step_began_ = now;
    seconds_of_steps_ += metrics.step_seconds;
    ++steps_timed_;
    if (metrics_) {
        metrics_->append(to_json(metrics, names_));
    }
    if (steps_timed_ == 2 || metrics.step % config_.run.log_every_steps == 0 ||
        metrics.step == steps) {
        double const left = seconds_of_steps_ / static_cast<double>(steps_timed_) *
                            static_cast<double>(steps - metrics.step);
        log_info(step_line(metrics, names_, steps, left));
    }
}

void StepReporter::note(nlohmann::ordered_json const& line) {
    if (metrics_) {
        metrics_->append(line);
    }
    step_began_ = Clock::now();
}

void StepReporter::sync() {
    if (metrics_) {
        metrics_->sync();
    }
}

}  // namespace dnagpt
