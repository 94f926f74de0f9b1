#include "dnagpt/train/finetune_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

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
    run.update(scores);
    runs_.push_back(std::move(run));
    if (config.finetune.folds == 0) {
        return;
    }
    auto pool = std::ranges::find(pools_, config.run.seed, &Pool::seed);
    if (pool == pools_.end()) {
        pools_.push_back({config.run.seed, data, {}});
        pool = pools_.end() - 1;
    }
    for (Prediction const& each : predictions) {
        if (data.example(each.place).split == Split::test) {
            pool->data.set_split(each.place, Split::test);
            pool->predictions.push_back(each);
        }
    }
}

Json FinetuneSummary::report() const {
    Json report;
    report["format_version"] = 1;
    report["runs"] = runs_;
    Json sums;
    Json squares;
    for (Json const& run : runs_) {
        for_each_test_score(run, [&](auto const& set, auto const& name, double value) {
            Json& sum = sums[set]["test"][name];
            Json& square = squares[set]["test"][name];
            sum = (sum.is_null() ? 0.0 : sum.template get<double>()) + value;
            square = (square.is_null() ? 0.0 : square.template get<double>()) + value * value;
        });
    }
    auto const count = static_cast<double>(runs_.size());
    for (auto const& [set, scores] : sums.items()) {
        for (auto const& [name, sum] : scores["test"].items()) {
            double const mean = sum.template get<double>() / count;
            double const spread =
                squares[set]["test"][name].template get<double>() - count * mean * mean;
            report["mean"][set]["test"][name] = mean;
            report["deviation"][set]["test"][name] =
                std::sqrt(std::max(0.0, spread) / std::max(1.0, count - 1));
        }
    }
    for (Pool const& pool : pools_) {
        Json pooled;
        pooled["seed"] = pool.seed;
        pooled["sets"] = set_scores(pool.data, pool.predictions, Intervals::bootstrap);
        report["pooled"].push_back(std::move(pooled));
    }
    return report;
}

}  // namespace dnagpt
