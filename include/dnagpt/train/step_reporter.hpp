#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>

#include "dnagpt/config/model_shape.hpp"
#include "dnagpt/config/run_config.hpp"
#include "dnagpt/io/json_lines.hpp"
#include "dnagpt/train/metrics.hpp"
#include "dnagpt/train/run_folder.hpp"
#include "dnagpt/train/state_file.hpp"

namespace dnagpt {

/// Times the steps of a run and says what they did: metrics.jsonl (where `writes` is true, rank 0)
/// and the log.
class StepReporter {
  public:
    /// peak_tflops 0: no share of peak.
    StepReporter(RunConfig const& config, LossNames names, double peak_tflops,
                 RunFolder const& folder, bool writes);

    /// Training goes on after step `step`: drops later lines of metrics.jsonl, appends `event`
    /// unless it is empty, and starts the clock.
    void start_after(std::int64_t step, nlohmann::ordered_json const& event);
    /// The last applied step of `progress`; the run has `steps`. `metrics` lacks what the clock and
    /// `progress` say.
    void note_step(RunProgress const& progress, std::int64_t steps, StepMetrics metrics);
    /// One line of metrics.jsonl; the time since the last step is not counted to the next.
    void note(nlohmann::ordered_json const& line);
    /// The lines so far outlive the machine's end.
    void sync();

  private:
    using Clock = std::chrono::steady_clock;
    RunConfig const& config_;
    LossNames names_;
    double peak_tflops_;
    ModelShape shape_;
    std::string path_;
    bool writes_;
    std::unique_ptr<JsonLinesWriter> metrics_;
    Clock::time_point step_began_ = Clock::now();
    double seconds_of_steps_ = 0;
    std::int64_t steps_timed_ = 0;
};

}  // namespace dnagpt
