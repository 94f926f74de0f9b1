#include "dnagpt/eval/class_scores.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace dnagpt {
namespace {

using Table = std::vector<std::vector<double>>;

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

double quotient(double numerator, double denominator) {
    return denominator > 0 ? numerator / denominator : 0;
}

struct Margins {
    std::vector<double> labels;     ///< weight of each label
    std::vector<double> predicted;  ///< weight of each predicted class
    double correct = 0;
    double all = 0;
};

Margins margins_of(Table const& confusion) {
    std::size_t const classes = confusion.size();
    Margins margins{std::vector<double>(classes, 0), std::vector<double>(classes, 0), 0, 0};
    for (std::size_t label = 0; label < classes; ++label) {
        for (std::size_t said = 0; said < classes; ++said) {
            double const weight = confusion[label][said];
            margins.labels[label] += weight;
            margins.predicted[said] += weight;
            margins.all += weight;
        }
        margins.correct += confusion[label][label];
    }
    return margins;
}

double matthews(Margins const& margins) {
    double together = 0;
    double labels = 0;
    double predicted = 0;
    for (std::size_t i = 0; i < margins.labels.size(); ++i) {
        together += margins.labels[i] * margins.predicted[i];
        labels += margins.labels[i] * margins.labels[i];
        predicted += margins.predicted[i] * margins.predicted[i];
    }
    double const all = margins.all * margins.all;
    double const spread = std::sqrt((all - labels) * (all - predicted));
    return quotient(margins.correct * margins.all - together, spread);
}

/// Precision, recall and F1 of one class.
struct OneClass {
    double precision;
    double recall;
    double f1;
};

OneClass one_class(Table const& confusion, Margins const& margins, std::size_t of) {
    double const hits = confusion[of][of];
    return {quotient(hits, margins.predicted[of]), quotient(hits, margins.labels[of]),
            quotient(2 * hits, margins.predicted[of] + margins.labels[of])};
}

/// The mean over the classes that have examples.
OneClass mean_class(Table const& confusion, Margins const& margins) {
    OneClass sum{0, 0, 0};
    double present = 0;
    for (std::size_t of = 0; of < confusion.size(); ++of) {
        if (margins.labels[of] == 0) {
            continue;
        }
        OneClass const one = one_class(confusion, margins, of);
        sum.precision += one.precision;
        sum.recall += one.recall;
        sum.f1 += one.f1;
        ++present;
    }
    return {quotient(sum.precision, present), quotient(sum.recall, present),
            quotient(sum.f1, present)};
}

/// Areas under both curves of one class against the rest.
struct Areas {
    double roc = undefined;
    double precision_recall = undefined;
};

/// `order`: examples by falling score. Equal scores are one threshold (ties count half in ROC).
Areas areas_of(ClassAnswers const& answers, std::vector<std::size_t> const& order,
               std::span<double const> weights, std::size_t of) {
    double hits = 0;
    double misses = 0;
    double roc = 0;
    double average_precision = 0;
    for (std::size_t begin = 0; begin < order.size();) {
        double const score = answers.probabilities[order[begin]][of];
        double more_hits = 0;
        double more_misses = 0;
        std::size_t end = begin;
        for (; end < order.size() && answers.probabilities[order[end]][of] == score; ++end) {
            bool const is = static_cast<std::size_t>(answers.labels[order[end]]) == of;
            (is ? more_hits : more_misses) += weights[order[end]];
        }
        roc += more_misses * (hits + more_hits / 2);
        hits += more_hits;
        misses += more_misses;
        average_precision += more_hits * quotient(hits, hits + misses);
        begin = end;
    }
    Areas areas;
    if (hits > 0 && misses > 0) {
        areas.roc = roc / (hits * misses);
    }
    if (hits > 0) {
        areas.precision_recall = average_precision / hits;
    }
    return areas;
}

}  // namespace

std::vector<std::string> class_score_names() {
    return {"accuracy", "balanced_accuracy", "f1", "mcc", "precision", "recall", "auroc", "auprc"};
}

ClassScores::ClassScores(ClassAnswers answers) : answers_(std::move(answers)) {
    for (std::vector<double> const& each : answers_.probabilities) {
        predicted_.push_back(
            static_cast<std::int32_t>(std::ranges::max_element(each) - each.begin()));
    }
    by_score_.resize(answers_.classes);
    for (std::size_t of = 0; of < answers_.classes; ++of) {
        by_score_[of].resize(answers_.labels.size());
        std::iota(by_score_[of].begin(), by_score_[of].end(), std::size_t{0});
        std::ranges::stable_sort(by_score_[of], std::ranges::greater(),
                                 [&](std::size_t i) { return answers_.probabilities[i][of]; });
    }
}

Table ClassScores::confusion(std::span<double const> weights) const {
    Table table(answers_.classes, std::vector<double>(answers_.classes, 0));
    for (std::size_t i = 0; i < weights.size(); ++i) {
        table[static_cast<std::size_t>(answers_.labels[i])]
             [static_cast<std::size_t>(predicted_[i])] += weights[i];
    }
    return table;
}

std::vector<double> ClassScores::operator()(std::span<double const> weights) const {
    Table const table = confusion(weights);
    Margins const margins = margins_of(table);
    std::size_t const first = answers_.classes == 2 ? 1 : 0;
    auto const scored = static_cast<double>(answers_.classes - first);
    OneClass const mean = first == 1 ? one_class(table, margins, 1) : mean_class(table, margins);
    Areas areas{0, 0};
    for (std::size_t of = first; of < answers_.classes; ++of) {
        Areas const area = areas_of(answers_, by_score_[of], weights, of);
        areas.roc += area.roc / scored;
        areas.precision_recall += area.precision_recall / scored;
    }
    return {quotient(margins.correct, margins.all),
            mean_class(table, margins).recall,
            mean.f1,
            matthews(margins),
            mean.precision,
            mean.recall,
            areas.roc,
            areas.precision_recall};
}

}  // namespace dnagpt
