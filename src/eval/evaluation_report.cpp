#include "dnagpt/eval/evaluation_report.hpp"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/progress.hpp"

namespace dnagpt {
namespace {

constexpr int report_format_version = 1;
constexpr std::size_t orders = highest_markov_order + 1;
/// Bits and bases of every order, all and novel.
constexpr std::size_t numbers_per_species = 4 * orders;

void add_scores(std::vector<BitSum> const& scores, double* numbers) {
    for (std::size_t order = 0; order < orders; ++order) {
        numbers[2 * order] += scores[order].bits;
        numbers[2 * order + 1] += static_cast<double>(scores[order].bases);
    }
}

std::vector<BitSum> scores_from(double const* numbers) {
    std::vector<BitSum> scores(orders);
    for (std::size_t order = 0; order < orders; ++order) {
        scores[order] = {numbers[2 * order], static_cast<std::int64_t>(numbers[2 * order + 1])};
    }
    return scores;
}

void score_species(PretrainData const& training, ValidationSet const& set, std::int32_t species,
                   double* numbers) {
    std::string const& name = set.data().species()[static_cast<std::size_t>(species)].name();
    std::int32_t const in_training = training.species_index(name);
    DNAGPT_VALIDATE(in_training >= 0, << "species '" << name
                                      << "' has no training shards to fit Markov models on; "
                                      << "shard it with a training split");
    MarkovModels models;
    models.fit(training.species()[static_cast<std::size_t>(in_training)]);
    for (std::size_t i = 0; i < set.windows().size(); ++i) {
        EvaluationWindow const& window = set.windows()[i];
        if (window.species != species) {
            continue;
        }
        add_scores(score_markov(models, set.data(), window), numbers);
        if (!set.novel.empty()) {
            add_scores(score_markov(models, set.data(), window, set.novel[i]),
                       numbers + 2 * orders);
        }
    }
}

nlohmann::ordered_json markov_json(std::vector<BitSum> const& scores) {
    nlohmann::ordered_json json;
    for (std::size_t order = 0; order < scores.size(); ++order) {
        json[fmt::format("order_{}", order)] =
            scores[order].bases > 0 ? nlohmann::ordered_json(scores[order].bits_per_base())
                                    : nlohmann::ordered_json(nullptr);
    }
    return json;
}

void add(nlohmann::ordered_json& number, double value) {
    number = (number.is_null() ? 0.0 : number.get<double>()) + value;
}

void add_to_mean(nlohmann::ordered_json const& scores, nlohmann::ordered_json& sum,
                 nlohmann::ordered_json& count) {
    for (auto const& [key, value] : scores.items()) {
        if (value.is_object()) {
            add_to_mean(value, sum[key], count[key]);
        } else if (value.is_number()) {
            add(sum[key], value.get<double>());
            add(count[key], 1.0);
        }
    }
}

void divide(nlohmann::ordered_json& sum, nlohmann::ordered_json const& count) {
    for (auto& [key, value] : sum.items()) {
        if (value.is_object()) {
            divide(value, count[key]);
        } else {
            value = value.get<double>() / count[key].get<double>();
        }
    }
}

}  // namespace

std::vector<MarkovScores> score_markov_models(PretrainData const& training,
                                              ValidationSet const& set, Communicator const& world) {
    std::size_t const species_count = set.data().species().size();
    std::vector<double> numbers(species_count * numbers_per_species, 0.0);
    Progress progress("Markov models", "species", species_count);
    for (std::size_t species = 0; species < species_count; ++species) {
        if (static_cast<int>(species % static_cast<std::size_t>(world.size())) == world.rank()) {
            score_species(training, set, static_cast<std::int32_t>(species),
                          &numbers[species * numbers_per_species]);
        }
        progress.advance(1);
    }
    world.all_reduce_sum(numbers);
    std::vector<MarkovScores> scores(species_count);
    for (std::size_t species = 0; species < species_count; ++species) {
        double const* own = &numbers[species * numbers_per_species];
        scores[species].all = scores_from(own);
        if (!set.novel.empty()) {
            scores[species].novel = scores_from(own + 2 * orders);
        }
    }
    return scores;
}

nlohmann::ordered_json evaluation_report(EvaluationSource const& source, PretrainData const& data,
                                         std::vector<SpeciesSums> const& sums,
                                         std::vector<MarkovScores> const& markov) {
    nlohmann::ordered_json report;
    report["format_version"] = report_format_version;
    report["checkpoint"] = std::filesystem::path(source.checkpoint).filename().string();
    report["step"] = source.step;
    report["split"] = source.split;
    nlohmann::ordered_json mean = nlohmann::ordered_json::object();
    nlohmann::ordered_json count = nlohmann::ordered_json::object();
    SpeciesSums together;
    for (std::size_t i = 0; i < sums.size(); ++i) {
        nlohmann::ordered_json scores = to_json(sums[i]);
        scores["markov"] = markov_json(markov[i].all);
        if (!markov[i].novel.empty()) {
            scores["markov_novel"] = markov_json(markov[i].novel);
        }
        add_to_mean(scores, mean, count);
        together += sums[i];
        report["species"][data.species()[i].name()] = std::move(scores);
    }
    divide(mean, count);
    report["mean"] = std::move(mean);
    report["all_rows"] = to_json(together);
    return report;
}

}  // namespace dnagpt
