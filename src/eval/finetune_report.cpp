#include "dnagpt/eval/finetune_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "dnagpt/eval/bootstrap.hpp"
#include "dnagpt/eval/class_scores.hpp"
#include "dnagpt/eval/number_scores.hpp"

namespace dnagpt {
namespace {

using Json = nlohmann::ordered_json;

constexpr int resamples = 1000;
constexpr std::uint64_t bootstrap_seed = 1;

Json or_null(double value) {
    return std::isfinite(value) ? Json(value) : Json(nullptr);
}

std::vector<Prediction> of_split(FinetuneData const& data, std::size_t set, Split split,
                                 std::vector<Prediction> const& predictions) {
    std::vector<Prediction> chosen;
    std::ranges::copy_if(predictions, std::back_inserter(chosen), [&](Prediction const& each) {
        return each.place.set == set && data.example(each.place).split == split;
    });
    return chosen;
}

double mean_loss(std::vector<Prediction> const& chosen) {
    double sum = 0;
    for (Prediction const& each : chosen) {
        sum += each.loss;
    }
    return sum / static_cast<double>(chosen.size());
}

std::vector<std::int32_t> groups_of(FinetuneData const& data,
                                    std::vector<Prediction> const& chosen) {
    std::vector<std::int32_t> groups;
    for (Prediction const& each : chosen) {
        groups.push_back(data.example(each.place).group);
    }
    return groups;
}

void add_scores(Json& json, std::vector<std::string> const& names,
                std::vector<double> const& values) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        json[names[i]] = or_null(values[i]);
    }
}

void add_intervals(Json& json, std::vector<std::string> const& names,
                   std::vector<std::int32_t> const& groups, WeightedScores const& scores) {
    auto const intervals = bootstrap_intervals(groups, scores, resamples, bootstrap_seed);
    for (std::size_t i = 0; i < names.size(); ++i) {
        json["intervals"][names[i]] = {or_null(intervals[i].low), or_null(intervals[i].high)};
    }
}

Json class_json(FinetuneData const& data, std::size_t set, std::vector<Prediction> const& chosen,
                Intervals intervals) {
    SetTask const& task = data.task().sets[set];
    ClassAnswers answers;
    answers.classes = task.classes.size();
    double outside = 0;
    double by_released_rule = 0;
    std::vector<std::int64_t> counts(answers.classes, 0);
    for (Prediction const& each : chosen) {
        std::int32_t const label = data.example(each.place).label;
        answers.labels.push_back(label);
        answers.probabilities.push_back(each.classes.probabilities);
        outside += each.classes.outside_mass;
        std::size_t const said = each.classes.predicted();
        bool const correct = said == static_cast<std::size_t>(label);
        by_released_rule += correct && each.classes.likeliest_of_all[said] == 1 ? 1 : 0;
        ++counts[static_cast<std::size_t>(label)];
    }
    auto const count = static_cast<double>(chosen.size());
    std::vector<double> const ones(chosen.size(), 1.0);
    ClassScores const scores(std::move(answers));
    Json json;
    json["n"] = chosen.size();
    for (std::size_t label = 0; label < counts.size(); ++label) {
        json["n_by_class"][task.classes[label]] = counts[label];
    }
    add_scores(json, class_score_names(), scores(ones));
    json["accuracy_released_rule"] = by_released_rule / count;
    json["confusion"] = scores.confusion(ones);
    json["outside_mass"] = outside / count;
    json["loss"] = mean_loss(chosen);
    if (intervals == Intervals::bootstrap) {
        add_intervals(json, class_score_names(), groups_of(data, chosen),
                      [&](std::span<double const> weights) { return scores(weights); });
    }
    return json;
}

Json number_json(FinetuneData const& data, std::size_t set, std::vector<Prediction> const& chosen,
                 Intervals intervals) {
    NumberScale const& scale = data.task().sets[set].target;
    std::vector<double> targets;
    std::vector<double> predicted;
    for (Prediction const& each : chosen) {
        targets.push_back(data.example(each.place).target);
        predicted.push_back(scale.original(each.value));
    }
    auto const scores = [&](std::span<double const> weights) {
        return number_scores(targets, predicted, weights);
    };
    Json json;
    json["n"] = chosen.size();
    add_scores(json, number_score_names(), scores(std::vector<double>(chosen.size(), 1.0)));
    json["spearman"] = or_null(rank_correlation(targets, predicted));
    json["loss"] = mean_loss(chosen);
    if (intervals == Intervals::bootstrap) {
        add_intervals(json, number_score_names(), groups_of(data, chosen), scores);
    }
    return json;
}

std::string class_line(SetTask const& task, LabelledExample const& example,
                       Prediction const& prediction) {
    return fmt::format("{}\t{}\t{}{}\t{}\n", example.id, example.codes.size(),
                       task.classes[static_cast<std::size_t>(example.label)],
                       class_fields(prediction.classes, task.classes, Digits::all),
                       split_name(example.split));
}

std::string number_line(SetTask const& task, LabelledExample const& example,
                        Prediction const& prediction) {
    return fmt::format("{}\t{:.9g}\t{:.9g}\t{:.9g}\t{}\n", example.id, example.target,
                       prediction.value, task.target.original(prediction.value),
                       split_name(example.split));
}

}  // namespace

Json split_scores(FinetuneData const& data, std::size_t set, Split split,
                  std::vector<Prediction> const& predictions, Intervals intervals) {
    auto const chosen = of_split(data, set, split, predictions);
    if (chosen.empty()) {
        return nullptr;
    }
    switch (data.task().sets[set].answer) {
        case AnswerKind::classes:
            return class_json(data, set, chosen, intervals);
        case AnswerKind::number:
            return number_json(data, set, chosen, intervals);
        case AnswerKind::words:
            break;
    }
    return {{"n", chosen.size()}, {"loss", mean_loss(chosen)}};
}

Json set_scores(FinetuneData const& data, std::vector<Prediction> const& predictions,
                Intervals intervals) {
    Json sets;
    for (std::size_t set = 0; set < data.sets().size(); ++set) {
        SetTask const& task = data.task().sets[set];
        Json& json = sets[task.name];
        json["answer"] = answer_name(task.answer);
        if (task.answer == AnswerKind::classes) {
            json["classes"] = task.classes;
        }
        for (Split const split : {Split::validation, Split::test}) {
            json[std::string(split_name(split))] =
                split_scores(data, set, split, predictions, intervals);
        }
    }
    return sets;
}

Json finetune_evaluation(std::string const& checkpoint, std::int64_t step,
                         std::optional<std::int64_t> epoch, Json const& scores) {
    Json report;
    report["format_version"] = 1;
    report["checkpoint"] = std::filesystem::path(checkpoint).filename().string();
    report["step"] = step;
    if (epoch) {
        report["epoch"] = *epoch;
    }
    report["sets"] = scores;
    return report;
}

double selection_score(FinetuneTask const& task, Json const& validation) {
    double sum = 0;
    double count = 0;
    for (SetTask const& set : task.sets) {
        Json const& scores = validation.at(set.name);
        if (scores.is_null()) {
            continue;
        }
        Json const score = set.answer == AnswerKind::classes  ? scores["mcc"]
                           : set.answer == AnswerKind::number ? scores["r2"]
                                                              : Json(-scores["loss"].get<double>());
        sum += score.is_null() ? 0 : score.get<double>();
        count += 1;
    }
    return count > 0 ? sum / count : 0;
}

std::string predictions_table(FinetuneData const& data, std::size_t set,
                              std::vector<Prediction> const& predictions) {
    SetTask const& task = data.task().sets[set];
    bool const classes = task.answer == AnswerKind::classes;
    std::string table =
        classes ? "id\tsequence_length\tlabel" + class_columns(task.classes) + "\tsplit\n"
        : task.answer == AnswerKind::number
            ? "id\ttarget\tpredicted\tpredicted_original_scale\tsplit\n"
            : "id\tsequence_length\tloss\tsplit\n";
    for (Prediction const& each : predictions) {
        if (each.place.set != set) {
            continue;
        }
        LabelledExample const& example = data.example(each.place);
        table += classes ? class_line(task, example, each)
                 : task.answer == AnswerKind::number
                     ? number_line(task, example, each)
                     : fmt::format("{}\t{}\t{:.6g}\t{}\n", example.id, example.codes.size(),
                                   each.loss, split_name(example.split));
    }
    return table;
}

}  // namespace dnagpt
