#include "dnagpt/eval/finetune_report.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "dnagpt/eval/bootstrap.hpp"
#include "dnagpt/eval/class_scores.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"

namespace dnagpt {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t classes_set = 0;
constexpr std::size_t numbers_set = 1;
constexpr Vocabulary vocabulary{VocabularyKind::fixed};
std::vector<std::int32_t> const labels = {1, 1, 0, 0, 0, 0};
std::vector<double> const yes = {0.9, 0.4, 0.2, 0.1, 0.6, 0.3};
std::vector<std::int32_t> const groups = {0, 0, 1, 1, 2, 2};

/// Six examples of two classes in three groups and four numbers; no validation split.
FinetuneData some_data() {
    LabelledSet classes;
    classes.classes = {"no", "yes"};
    for (std::size_t i = 0; i < labels.size(); ++i) {
        classes.examples.push_back(
            {"e" + std::to_string(i), base_codes("ACGTAC"), labels[i], groups[i], Split::test});
    }
    LabelledSet numbers;
    numbers.answer = AnswerKind::number;
    numbers.target_name = "y";
    for (int i = 0; i < 4; ++i) {
        numbers.examples.push_back(
            {"n" + std::to_string(i), base_codes("ACG"), 0, i, Split::test, {}, 8.0 + 2 * i});
    }
    FinetuneTask task;
    task.sets.resize(2);
    task.sets[classes_set].name = "signals";
    task.sets[classes_set].prompt = "<S>{sequence}<=><B>";
    task.sets[classes_set].classes = classes.classes;
    task.sets[numbers_set].name = "levels";
    task.sets[numbers_set].answer = AnswerKind::number;
    task.sets[numbers_set].prompt = "<S>{sequence}<=><M>";
    task.sets[numbers_set].target_name = "y";
    task.sets[numbers_set].target = {10, 2};
    return {{classes, numbers}, task, vocabulary, 16};
}

/// Of the classes: the word of 0 and 2 is the likeliest of all, that of 3 on one strand only.
std::vector<Prediction> some_predictions() {
    std::vector<double> const likeliest = {1, 1, 1, 0.5, 1, 0};
    std::vector<Prediction> predictions;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        Prediction& each = predictions.emplace_back();
        each.place = {classes_set, i};
        each.classes.probabilities = {1 - yes[i], yes[i]};
        each.classes.likeliest_of_all = {0, 0};
        each.classes.likeliest_of_all[each.classes.predicted()] = likeliest[i];
        each.classes.outside_mass = i == 0 ? 0.6 : 0;
        each.loss = static_cast<double>(i);
    }
    for (std::size_t i = 0; i < 4; ++i) {
        Prediction& each = predictions.emplace_back();
        each.place = {numbers_set, i};
        each.value = std::vector<double>{-1, 0, 0, 1}[i];  // 8, 10, 10, 12
        each.loss = 2;
    }
    return predictions;
}

TEST(FinetuneReport, ClassesAreScoredByValue) {
    Json const scores =
        split_scores(some_data(), classes_set, Split::test, some_predictions(), Intervals::none);
    EXPECT_EQ(scores["n"], 6);
    EXPECT_EQ(scores["n_by_class"], (Json{{"no", 4}, {"yes", 2}}));
    EXPECT_EQ(scores["confusion"], (Json{{3.0, 1.0}, {1.0, 1.0}}));
    EXPECT_NEAR(scores["accuracy"], 4.0 / 6, 1e-15);
    EXPECT_NEAR(scores["balanced_accuracy"], (3.0 / 4 + 1.0 / 2) / 2, 1e-15);
    EXPECT_NEAR(scores["mcc"], (1.0 * 3 - 1 * 1) / 8, 1e-15);
    EXPECT_NEAR(scores["accuracy_released_rule"], 2.0 / 6, 1e-15);
    EXPECT_NEAR(scores["outside_mass"], 0.1, 1e-15);
    EXPECT_NEAR(scores["loss"], 2.5, 1e-15);
    EXPECT_FALSE(scores.contains("intervals"));
}

TEST(FinetuneReport, NumbersAreScoredInTheirOwnScale) {
    Json const scores =
        split_scores(some_data(), numbers_set, Split::test, some_predictions(), Intervals::none);
    EXPECT_EQ(scores["n"], 4);
    EXPECT_NEAR(scores["r2"], 144.0 / 160, 1e-12);
    EXPECT_NEAR(scores["r2_residual"], 1 - 8.0 / 20, 1e-12);
    EXPECT_NEAR(scores["mean_absolute_error"], 1, 1e-12);
    EXPECT_NEAR(scores["root_mean_squared_error"], std::sqrt(2), 1e-12);
    EXPECT_NEAR(scores["spearman"], 4.5 / std::sqrt(5 * 4.5), 1e-12);
    EXPECT_EQ(scores["loss"], 2);
}

TEST(FinetuneReport, IntervalsDrawWholeGroups) {
    Json const scores = split_scores(some_data(), classes_set, Split::test, some_predictions(),
                                     Intervals::bootstrap);
    ClassAnswers answers{2, labels, {}};
    for (double const p : yes) {
        answers.probabilities.push_back({1 - p, p});
    }
    ClassScores const all(answers);
    auto const accuracy = [&](std::vector<std::int32_t> const& of) {
        return bootstrap_intervals(
                   of, [&](std::span<double const> weights) { return all(weights); }, 1000, 1)
            .front();
    };
    Interval const expected = accuracy(groups);
    EXPECT_EQ(scores["intervals"]["accuracy"], (Json{expected.low, expected.high}));
    std::vector<std::int32_t> each(labels.size());
    std::iota(each.begin(), each.end(), 0);
    Interval const of_examples = accuracy(each);
    EXPECT_NE(scores["intervals"]["accuracy"], (Json{of_examples.low, of_examples.high}));
}

TEST(FinetuneReport, SetsAreListedWithTheSplitsThatTheyLack) {
    Json const sets = set_scores(some_data(), some_predictions(), Intervals::none);
    EXPECT_EQ(sets["signals"]["answer"], "class");
    EXPECT_EQ(sets["signals"]["classes"], (Json{"no", "yes"}));
    EXPECT_TRUE(sets["signals"]["validation"].is_null());
    EXPECT_EQ(sets["levels"]["test"]["n"], 4);
    Json const report = finetune_evaluation("a/b/step_7.h5", 7, 3, sets);
    EXPECT_EQ(report["checkpoint"], "step_7.h5");
    EXPECT_EQ(report["epoch"], 3);
    EXPECT_FALSE(finetune_evaluation("x", 7, {}, sets).contains("epoch"));
}

TEST(FinetuneReport, AStepIsSelectedByMccAndR2AndLoss) {
    FinetuneTask task = some_data().task();
    Json const validation = {
        {"signals", {{"accuracy", 0.9}, {"mcc", 0.25}, {"loss", 3}}},
        {"levels", {{"r2", 0.75}, {"r2_residual", -4}, {"spearman", 0.1}, {"loss", 5}}},
        {"genomes", {{"n", 2}, {"loss", 1.5}}},
        {"constant", {{"mcc", nullptr}, {"accuracy", 1}}}};
    EXPECT_NEAR(selection_score(task, validation), (0.25 + 0.75) / 2, 1e-15);
    task.sets.emplace_back();
    task.sets.back().name = "genomes";
    task.sets.back().answer = AnswerKind::words;
    EXPECT_NEAR(selection_score(task, validation), (0.25 + 0.75 - 1.5) / 3, 1e-15);
    Json without = validation;
    without["levels"] = nullptr;
    EXPECT_NEAR(selection_score(task, without), (0.25 - 1.5) / 2, 1e-15);
    task.sets.front().name = "constant";
    EXPECT_NEAR(selection_score(task, validation), (0 + 0.75 - 1.5) / 3, 1e-15);
}

TEST(FinetuneReport, PredictionsAreRowsOfTheirSet) {
    auto predictions = some_predictions();
    predictions[0].classes.probabilities = {0.1, 1 - 1e-9};
    std::string const classes = predictions_table(some_data(), classes_set, predictions);
    EXPECT_EQ(classes.substr(0, classes.find("\ne1")),
              "id\tsequence_length\tlabel\tpredicted\tp_no\tp_yes\toutside_mass\tsplit\n"
              "e0\t6\tyes\tyes\t0.1\t0.999999999\t0.6\ttest");
    EXPECT_EQ(predictions_table(some_data(), numbers_set, predictions),
              "id\ttarget\tpredicted\tpredicted_original_scale\tsplit\n"
              "n0\t8\t-1\t8\ttest\nn1\t10\t0\t10\ttest\nn2\t12\t0\t10\ttest\n"
              "n3\t14\t1\t12\ttest\n");
}

}  // namespace
}  // namespace dnagpt
