#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace dnagpt {

/// What a classifier said of N examples.
struct ClassAnswers {
    std::size_t classes = 2;
    std::vector<std::int32_t> labels;                ///< (N)
    std::vector<std::vector<double>> probabilities;  ///< (N, classes)
};

/// Names of class_scores' values, in order: accuracy, balanced_accuracy, f1, mcc, precision,
/// recall, auroc, auprc.
std::vector<std::string> class_score_names();

/// Scores of weighted answers: predicted is the class with the largest probability. Two classes:
/// f1, precision, recall, auroc and auprc are those of class 1. More: means over the classes (each
/// against the rest); of f1, precision and recall over those that have examples, as
/// balanced_accuracy. mcc for any number of classes: Gorodkin 2004; auprc: average precision. NaN
/// where a score is not defined (a class without examples), 0 for a quotient 0 / 0.
class ClassScores {
  public:
    explicit ClassScores(ClassAnswers answers);

    /// weights (N).
    std::vector<double> operator()(std::span<double const> weights) const;
    /// (classes, classes): rows are labels, columns what was predicted.
    std::vector<std::vector<double>> confusion(std::span<double const> weights) const;

  private:
    ClassAnswers answers_;
    std::vector<std::int32_t> predicted_;             // (N)
    std::vector<std::vector<std::size_t>> by_score_;  // for each class: examples, likeliest first
};

}  // namespace dnagpt
