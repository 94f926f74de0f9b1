#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "dnagpt/data/finetune_data.hpp"
#include "dnagpt/eval/finetune_predictions.hpp"

namespace dnagpt {

enum class Intervals : std::uint8_t { none, bootstrap };

/// Scores of the predictions for one split of one set, as docs/file_formats.md names them; null
/// where the split has no example.
nlohmann::ordered_json split_scores(FinetuneData const& data, std::size_t set, Split split,
                                    std::vector<Prediction> const& predictions,
                                    Intervals intervals);

/// By set: answer, classes, and the scores of validation and test.
nlohmann::ordered_json set_scores(FinetuneData const& data,
                                  std::vector<Prediction> const& predictions, Intervals intervals);

/// evaluation.json of a fine-tuned checkpoint: `scores` are set_scores; without `epoch` where it is
/// not known.
nlohmann::ordered_json finetune_evaluation(std::string const& checkpoint, std::int64_t step,
                                           std::optional<std::int64_t> epoch,
                                           nlohmann::ordered_json const& scores);

/// What a step is selected by: mean over the sets of mcc, r2 or minus the loss (words).
/// `validation` holds split_scores by name of the set; null ones do not count.
double selection_score(FinetuneTask const& task, nlohmann::ordered_json const& validation);

/// The table predictions.tsv of one set.
std::string predictions_table(FinetuneData const& data, std::size_t set,
                              std::vector<Prediction> const& predictions);

}  // namespace dnagpt
