#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "dnagpt/config/run_config.hpp"
#include "dnagpt/data/finetune_data.hpp"
#include "dnagpt/eval/finetune_predictions.hpp"

namespace dnagpt {

/// "pas: accuracy 0.751, mcc 0.502, auroc 0.828 on test" for each set of a run's scores.
std::string test_scores_text(nlohmann::ordered_json const& scores);

/// Sums up runs that differ in seed and fold. For one rank.
class FinetuneSummary {
  public:
    /// `scores`: step, epoch and sets of one run.
    void add(RunConfig const& config, nlohmann::ordered_json const& scores,
             FinetuneData const& data, std::vector<Prediction> const& predictions);
    /// runs, mean and deviation (of the sample, n - 1) of the test scores over them, and with folds
    /// `pooled`: for each seed the scores of all examples, each tested once.
    nlohmann::ordered_json report() const;

  private:
    struct Pool {
        std::int64_t seed = 0;
        std::vector<Prediction> predictions;  // numbers in the scale of data_
    };
    void pool(std::int64_t seed, FinetuneData const& data,
              std::vector<Prediction> const& predictions);

    nlohmann::ordered_json runs_ = nlohmann::ordered_json::array();
    std::optional<FinetuneData> data_;  // every tested example's split is test
    std::vector<Pool> pools_;
};

}  // namespace dnagpt
