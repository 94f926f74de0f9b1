#include "dnagpt/train/finetune_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>
#include <utility>

#include "dnagpt/eval/finetune_report.hpp"

namespace dnagpt {
namespace {

using Json = nlohmann::ordered_json;

/// The numbers of a run's test scores, by set and name.
void for_each_test_score(Json const& run, auto const& visit) {
    for (auto const& [set, scores] : run["sets"].items()) {
        if (!scores["test"].is_object()) {
            continue;
        }
        for (auto const& [name, value] : scores["test"].items()) {
            if (value.is_number()) {
                visit(set, name, value.template get<double>());
            }
        }
    }
}

}  // namespace

std::string test_scores_text(Json const& scores) {
    std::string text;
    for (auto const& [set, of_set] : scores["sets"].items()) {
        Json const& test = of_set["test"];
        text += fmt::format("{}{}:", text.empty() ? "" : "; ", set);
        for (char const* name : {"accuracy", "mcc", "auroc", "r2", "loss"}) {
            if (test.is_object() && test.contains(name) && test[name].is_number()) {
                text += fmt::format(" {} {:.4f}", name, test[name].get<double>());
            }
        }
        text += test.is_null() ? " no test examples" : " on test";
    }
    return text;
}

void FinetuneSummary::add(RunConfig const& config, Json const& scores, FinetuneData const& data,
                          std::vector<Prediction> const& predictions) {
    Json run;
    run["folder"] = std::filesystem::path(config.run.folder).filename().string();
    run["seed"] = config.run.seed;
    run["fold"] = config.finetune.fold;
    for (char const* key : {"step", "epoch", "sets"}) {
        run[key] = scores[key];
    }
    runs_.push_back(std::move(run));
    if (config.finetune.folds > 0) {
        pool(config.run.seed, data, predictions);
    }
}

void FinetuneSummary::pool(std::int64_t seed, FinetuneData const& data,
                           std::vector<Prediction> const& predictions) {
    if (!data_) {
        data_ = data;
    }
    auto into = std::ranges::find(pools_, seed, &Pool::seed);
    if (into == pools_.end()) {
        into = pools_.insert(pools_.end(), {seed, {}});
    }
    for (Prediction prediction : predictions) {
        if (data.example(prediction.place).split != Split::test) {
            continue;
        }
        data_->set_split(prediction.place, Split::test);
        if (data.task().sets[prediction.place.set].answer == AnswerKind::number) {
            NumberScale const& own = data.task().sets[prediction.place.set].target;
            NumberScale const& common = data_->task().sets[prediction.place.set].target;
            double const target = data.example(prediction.place).target;
            prediction.value = common.scaled(own.original(prediction.value));
            prediction.loss = std::pow(prediction.value - common.scaled(target), 2);
        }
        into->predictions.push_back(std::move(prediction));
    }
}

Json FinetuneSummary::report() const {
    Json report;
    report["format_version"] = 1;
    report["runs"] = runs_;
    std::map<std::pair<std::string, std::string>, std::vector<double>> values;
    for (Json const& run : runs_) {
        for_each_test_score(run, [&](auto const& set, auto const& name, double value) {
            values[{set, name}].push_back(value);
        });
    }
    for (auto const& [place, of_runs] : values) {
        auto const& [set, name] = place;
        auto const count = static_cast<double>(of_runs.size());
        double const mean = std::accumulate(of_runs.begin(), of_runs.end(), 0.0) / count;
        double squares = 0;
        for (double const value : of_runs) {
            squares += (value - mean) * (value - mean);
        }
        report["mean"][set]["test"][name] = mean;
        report["deviation"][set]["test"][name] = std::sqrt(squares / std::max(1.0, count - 1));
    }
    for (Pool const& pool : pools_) {
        Json pooled;
        pooled["seed"] = pool.seed;
        pooled["sets"] = set_scores(*data_, pool.predictions, Intervals::bootstrap);
        report["pooled"].push_back(std::move(pooled));
    }
    return report;
}

}  // namespace dnagpt
