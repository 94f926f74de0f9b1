#include "dnagpt/train/metrics.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "dnagpt/core/progress.hpp"
#include "dnagpt/model/flops.hpp"

namespace dnagpt {
namespace {

double speed(StepMetrics const& metrics) {
    return metrics.step_seconds > 0
               ? static_cast<double>(metrics.tokens_of_step) / metrics.step_seconds
               : 0;
}

std::vector<std::pair<std::string, double>> named_losses(StepLosses const& losses,
                                                         LossNames const& names) {
    std::vector<std::pair<std::string, double>> named = {{names.next_token, losses.next_token},
                                                         {names.regression, losses.regression},
                                                         {names.answer, losses.answer}};
    std::erase_if(named, [](auto const& each) { return each.first.empty(); });
    return named;
}

}  // namespace

nlohmann::ordered_json to_json(StepMetrics const& metrics, LossNames const& names) {
    nlohmann::ordered_json line;
    line["step"] = metrics.step;
    line["loss"] = metrics.losses.loss;
    for (auto const& [name, loss] : named_losses(metrics.losses, names)) {
        line["loss_" + name] = loss;
    }
    line["learning_rate"] = metrics.learning_rate;
    line["grad_norm"] = metrics.grad_norm;
    line["tokens"] = metrics.tokens;
    line["rows"] = fmt::format("{:012x}", metrics.rows_digest);
    line["tokens_per_second"] = speed(metrics);
    line["mfu"] =
        metrics.mfu > 0 ? nlohmann::ordered_json(metrics.mfu) : nlohmann::ordered_json(nullptr);
    line["step_seconds"] = metrics.step_seconds;
    return line;
}

std::string step_line(StepMetrics const& metrics, LossNames const& names, std::int64_t steps,
                      double seconds_left) {
    std::string const share =
        metrics.mfu > 0 ? fmt::format("  {:.0f} % of peak", 100 * metrics.mfu) : std::string();
    std::string parts;
    for (auto const& [name, loss] : named_losses(metrics.losses, names)) {
        parts += fmt::format("{}{} {:.4f}", parts.empty() ? "" : ", ", name, loss);
    }
    return fmt::format(
        "step {}/{}  loss {:.4f} ({})  lr {:.2e}  |g| {:.3f}  {} tokens/s{}  {} left", metrics.step,
        steps, metrics.losses.loss, parts, metrics.learning_rate, metrics.grad_norm,
        format_count(static_cast<std::uint64_t>(speed(metrics))), share,
        format_seconds(seconds_left));
}

double model_flops_utilisation(ModelShape const& shape, double tokens_per_second,
                               double peak_tflops) {
    return peak_tflops > 0
               ? tokens_per_second * training_flops_per_token(shape) / (peak_tflops * 1e12)
               : 0;
}

LineFate fate_after_step(nlohmann::ordered_json const& line, std::int64_t step) {
    std::int64_t own = -1;
    if (line.contains("step")) {
        own = line.at("step").get<std::int64_t>();
    } else if (line.contains("evaluation")) {
        own = line.at("evaluation").at("step").get<std::int64_t>();
    }
    if (own > step) {
        return LineFate::drop;
    }
    return own == step ? LineFate::keep_as_last : LineFate::keep;
}

}  // namespace dnagpt
