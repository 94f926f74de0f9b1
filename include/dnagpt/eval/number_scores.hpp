#pragma once

#include <span>
#include <string>
#include <vector>

namespace dnagpt {

/// Names of number_scores' values, in order: r2 (squared Pearson correlation), r2_residual
/// (1 - SSE/SST), mean_absolute_error, root_mean_squared_error.
std::vector<std::string> number_score_names();

/// Scores of predicted numbers, all (N), in the targets' unit. NaN where the targets are all equal.
std::vector<double> number_scores(std::span<double const> targets,
                                  std::span<double const> predicted,
                                  std::span<double const> weights);

/// Rank correlation (Spearman; equal values share their mean rank). NaN where one side is constant.
double rank_correlation(std::span<double const> a, std::span<double const> b);

}  // namespace dnagpt
