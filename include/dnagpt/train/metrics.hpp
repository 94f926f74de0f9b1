#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "dnagpt/config/run_config.hpp"
#include "dnagpt/io/json_lines.hpp"
#include "dnagpt/train/training_step.hpp"

namespace dnagpt {

/// What the three losses of a training step are called; empty: it has no such targets.
struct LossNames {
    std::string next_token = "next_token";
    std::string regression = "gc";
    std::string answer = "order";
};

/// One line of metrics.jsonl.
struct StepMetrics {
    std::int64_t step = 0;  ///< number of finished steps, from 1
    StepLosses losses;
    double learning_rate = 0;
    double grad_norm = 0;
    std::int64_t tokens = 0;  ///< positions seen since step 0
    double step_seconds = 0;
    std::int64_t tokens_of_step = 0;
    std::uint64_t rows_digest = 0;  ///< digest_rows of the step's rows on all ranks
    double mfu = 0;                 ///< share of peak; 0: unknown, written as null
};

nlohmann::ordered_json to_json(StepMetrics const& metrics, LossNames const& names);

/// "step 120/1000  loss 8.412 (next_token 8.3, ...)  lr 1.0e-04  |g| 0.82  12,345 tokens/s  41 % of
/// peak  3 min left". Without a known peak the share is left out.
std::string step_line(StepMetrics const& metrics, LossNames const& names, std::int64_t steps,
                      double seconds_left);

/// Share of the peak that training at this speed uses; 0 when peak_tflops is 0. Formula: flops.hpp.
double model_flops_utilisation(ModelShape const& shape, double tokens_per_second,
                               double peak_tflops);

/// What becomes of a line of metrics.jsonl when the run goes on after `step`: it will write the
/// later ones again.
LineFate fate_after_step(nlohmann::ordered_json const& line, std::int64_t step);

}  // namespace dnagpt
