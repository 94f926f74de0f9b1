#include "dnagpt/eval/class_scores.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

namespace dnagpt {
namespace {

std::map<std::string, double> scores_of(ClassAnswers const& answers,
                                        std::vector<double> const& weights) {
    std::vector<double> const values = ClassScores(answers)(weights);
    std::vector<std::string> const names = class_score_names();
    std::map<std::string, double> named;
    for (std::size_t i = 0; i < names.size(); ++i) {
        named[names[i]] = values[i];
    }
    return named;
}

ClassAnswers two_classes(std::vector<std::int32_t> labels, std::vector<double> const& positive) {
    ClassAnswers answers{2, std::move(labels), {}};
    for (double const p : positive) {
        answers.probabilities.push_back({1 - p, p});
    }
    return answers;
}

/// TP 2, FP 1, FN 1, TN 2; pairs in the right order: 7 of 9.
ClassAnswers const by_hand = two_classes({1, 1, 1, 0, 0, 0}, {0.9, 0.8, 0.3, 0.7, 0.2, 0.1});

TEST(ClassScores, TwoClassesByHand) {
    auto const scores = scores_of(by_hand, std::vector<double>(6, 1));
    EXPECT_NEAR(scores.at("accuracy"), 4.0 / 6, 1e-15);
    EXPECT_NEAR(scores.at("balanced_accuracy"), 4.0 / 6, 1e-15);
    EXPECT_NEAR(scores.at("precision"), 2.0 / 3, 1e-15);
    EXPECT_NEAR(scores.at("recall"), 2.0 / 3, 1e-15);
    EXPECT_NEAR(scores.at("f1"), 2.0 / 3, 1e-15);
    EXPECT_NEAR(scores.at("mcc"), (2.0 * 2 - 1 * 1) / 9, 1e-15);
    EXPECT_NEAR(scores.at("auroc"), 8.0 / 9, 1e-15);
    EXPECT_NEAR(scores.at("auprc"), (1 + 1 + 3.0 / 4) / 3, 1e-15);
    EXPECT_EQ(ClassScores(by_hand).confusion(std::vector<double>(6, 1)),
              (std::vector<std::vector<double>>{{2, 1}, {1, 2}}));
}

TEST(ClassScores, AWeightIsARepetition) {
    ClassAnswers repeated = by_hand;
    repeated.labels.push_back(by_hand.labels[2]);
    repeated.probabilities.push_back(by_hand.probabilities[2]);
    repeated.labels.erase(repeated.labels.begin() + 3);
    repeated.probabilities.erase(repeated.probabilities.begin() + 3);
    auto const expected = scores_of(repeated, std::vector<double>(6, 1));
    for (auto const& [name, value] : scores_of(by_hand, {1, 1, 2, 0, 1, 1})) {
        EXPECT_NEAR(value, expected.at(name), 1e-15) << name;
    }
}

TEST(ClassScores, EqualScoresCountHalf) {
    auto const scores = scores_of(two_classes({1, 0, 1, 0}, {0.6, 0.6, 0.6, 0.6}), {1, 1, 1, 1});
    EXPECT_EQ(scores.at("auroc"), 0.5);
    EXPECT_EQ(scores.at("auprc"), 0.5);
    EXPECT_EQ(scores.at("mcc"), 0);
}

TEST(ClassScores, OneClassAloneHasNoAreas) {
    auto const scores = scores_of(two_classes({1, 1}, {0.6, 0.2}), {1, 1});
    EXPECT_TRUE(std::isnan(scores.at("auroc")));
    EXPECT_EQ(scores.at("accuracy"), 0.5);
    EXPECT_EQ(scores.at("balanced_accuracy"), 0.5);
}

/// Confusion [[2, 0, 0], [1, 1, 0], [0, 1, 1]]; mcc from Gorodkin's formula:
/// (4 x 6 - (2x3 + 2x2 + 2x1)) / sqrt((36 - 12) (36 - 14)).
TEST(ClassScores, ThreeClassesAreMeans) {
    ClassAnswers answers{3, {0, 0, 1, 1, 2, 2}, {}};
    for (std::size_t const said : {0U, 0U, 0U, 1U, 1U, 2U}) {
        std::vector<double> row(3, 0.1);
        row[said] = 0.8;
        answers.probabilities.push_back(row);
    }
    auto const scores = scores_of(answers, std::vector<double>(6, 1));
    EXPECT_NEAR(scores.at("accuracy"), 4.0 / 6, 1e-15);
    EXPECT_NEAR(scores.at("precision"), (2.0 / 3 + 0.5 + 1) / 3, 1e-15);
    EXPECT_NEAR(scores.at("recall"), (1 + 0.5 + 0.5) / 3, 1e-15);
    EXPECT_NEAR(scores.at("f1"), (0.8 + 0.5 + 2.0 / 3) / 3, 1e-15);
    EXPECT_NEAR(scores.at("mcc"), 12 / std::sqrt(24.0 * 22), 1e-15);
    // by class 7, 5 and 6 of 8 pairs; equal scores count half
    EXPECT_NEAR(scores.at("auroc"), (7.0 + 5 + 6) / 24, 1e-15);
}

/// Two positives and six negatives; confusion [[5, 1], [1, 1]].
TEST(ClassScores, TwoClassesOfUnequalSizeByHand) {
    auto const scores =
        scores_of(two_classes({1, 1, 0, 0, 0, 0, 0, 0}, {0.9, 0.4, 0.8, 0.3, 0.2, 0.45, 0.1, 0.05}),
                  std::vector<double>(8, 1));
    EXPECT_NEAR(scores.at("accuracy"), 6.0 / 8, 1e-15);
    EXPECT_NEAR(scores.at("balanced_accuracy"), (5.0 / 6 + 1.0 / 2) / 2, 1e-15);
    EXPECT_NEAR(scores.at("precision"), 1.0 / 2, 1e-15);
    EXPECT_NEAR(scores.at("recall"), 1.0 / 2, 1e-15);
    EXPECT_NEAR(scores.at("f1"), 1.0 / 2, 1e-15);
    EXPECT_NEAR(scores.at("mcc"), (5.0 * 1 - 1 * 1) / 12, 1e-15);
    EXPECT_NEAR(scores.at("auroc"), 10.0 / 12, 1e-15);  // 0.9 beats six, 0.4 beats four
    EXPECT_NEAR(scores.at("auprc"), (1 + 2.0 / 4) / 2, 1e-15);
}

/// Labels 0 0 0 0 1 1 2, said 0 0 0 1 1 0 2. Confusion [[3, 1, 0], [1, 1, 0], [0, 0, 1]]; mcc:
/// (5 x 7 - (4x4 + 2x2 + 1x1)) / sqrt((49 - 21) (49 - 21)).
TEST(ClassScores, ThreeClassesOfUnequalSizeByHand) {
    ClassAnswers const answers{3,
                               {0, 0, 0, 0, 1, 1, 2},
                               {{0.80, 0.15, 0.05},
                                {0.70, 0.20, 0.10},
                                {0.60, 0.10, 0.30},
                                {0.25, 0.55, 0.20},
                                {0.30, 0.50, 0.20},
                                {0.65, 0.35, 0.00},
                                {0.28, 0.32, 0.40}}};
    auto const scores = scores_of(answers, std::vector<double>(7, 1));
    EXPECT_NEAR(scores.at("accuracy"), 5.0 / 7, 1e-15);
    EXPECT_NEAR(scores.at("balanced_accuracy"), (3.0 / 4 + 1.0 / 2 + 1) / 3, 1e-15);
    EXPECT_NEAR(scores.at("recall"), (3.0 / 4 + 1.0 / 2 + 1) / 3, 1e-15);
    EXPECT_NEAR(scores.at("precision"), (3.0 / 4 + 1.0 / 2 + 1) / 3, 1e-15);
    EXPECT_NEAR(scores.at("f1"), (3.0 / 4 + 1.0 / 2 + 1) / 3, 1e-15);
    EXPECT_NEAR(scores.at("mcc"), 14.0 / 28, 1e-15);
    // pairs in order: class 0 8 of 12, class 1 8 of 10, class 2 all 6
    EXPECT_NEAR(scores.at("auroc"), (8.0 / 12 + 8.0 / 10 + 1) / 3, 1e-15);
    // class 0 at places 1 2 4 7, class 1 at 2 3, class 2 at 1
    double const first = (1 + 1 + 3.0 / 4 + 4.0 / 7) / 4;
    EXPECT_NEAR(scores.at("auprc"), (first + (1.0 / 2 + 2.0 / 3) / 2 + 1) / 3, 1e-15);
}

/// Confusion [[1, 1, 0], [0, 1, 1], [0, 0, 0]].
TEST(ClassScores, AClassWithoutExamplesIsNotInTheMeans) {
    ClassAnswers const answers{
        3, {0, 0, 1, 1}, {{0.8, 0.1, 0.1}, {0.1, 0.8, 0.1}, {0.1, 0.8, 0.1}, {0.1, 0.1, 0.8}}};
    auto const scores = scores_of(answers, std::vector<double>(4, 1));
    EXPECT_NEAR(scores.at("balanced_accuracy"), 0.5, 1e-15);
    EXPECT_NEAR(scores.at("recall"), 0.5, 1e-15);
    EXPECT_NEAR(scores.at("precision"), (1 + 1.0 / 2) / 2, 1e-15);
    EXPECT_NEAR(scores.at("f1"), (2.0 / 3 + 1.0 / 2) / 2, 1e-15);
    EXPECT_TRUE(std::isnan(scores.at("auroc")));
}

}  // namespace
}  // namespace dnagpt
