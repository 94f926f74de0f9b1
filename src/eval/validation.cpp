#include "dnagpt/eval/validation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/eval/forward_model.hpp"

namespace dnagpt {
namespace {

/// Everything that a batch needs to be scored.
template <class T>
struct Scorer {
    ForwardModel<T> model;
    std::array<std::int32_t, 2> class_words;  // true word, false word

    Evaluation score(Batch const& batch) const { return model.evaluate(batch, class_words); }
};

void add_windows(EvaluationBatch const& scored, Evaluation const& evaluation,
                 std::span<EvaluationWindow const> windows,
                 std::span<std::vector<std::uint8_t> const> novel, std::vector<SpeciesSums>& sums) {
    std::int64_t const t_max = scored.batch.context_length;
    for (std::size_t row = 0; row < windows.size(); ++row) {
        SpeciesSums& species = sums[static_cast<std::size_t>(windows[row].species)];
        for (std::int64_t word = 0; word < windows[row].words; ++word) {
            auto const at = row * static_cast<std::size_t>(t_max) + static_cast<std::size_t>(word);
            species.nats += evaluation.token_loss[at];
            species.bases += scored.target_bases[at];
            if (!novel.empty() && novel[row][static_cast<std::size_t>(word)] != 0) {
                species.novel_nats += evaluation.token_loss[at];
                species.novel_bases += scored.target_bases[at];
            }
        }
    }
}

void add_next_tokens(Batch const& batch, Evaluation const& evaluation,
                     std::vector<SpeciesSums>& sums) {
    for (std::size_t at = 0; at < batch.targets.size(); ++at) {
        if (batch.targets[at] >= 0) {
            auto const row = at / static_cast<std::size_t>(batch.context_length);
            SpeciesSums& species = sums[static_cast<std::size_t>(batch.species[row])];
            species.next_token += evaluation.token_loss[at];
            species.next_token_count += 1;
        }
    }
}

SpeciesSums& species_at(Batch const& batch, std::int32_t position, std::vector<SpeciesSums>& sums) {
    auto const row = static_cast<std::size_t>(position / batch.context_length);
    return sums[static_cast<std::size_t>(batch.species[row])];
}

void add_numbers(Batch const& batch, Evaluation const& evaluation, std::vector<SpeciesSums>& sums) {
    for (std::size_t i = 0; i < batch.regression_positions.size(); ++i) {
        SpeciesSums& species = species_at(batch, batch.regression_positions[i], sums);
        double const target = batch.regression_targets[i];
        double const error = evaluation.regression[i] - target;
        species.gc_squared_error += error * error;
        species.gc_absolute_error += std::abs(error);
        species.gc_sum += target;
        species.gc_sum_of_squares += target * target;
        species.gc_count += 1;
    }
}

void add_answers(Batch const& batch, Evaluation const& evaluation, std::int32_t true_word,
                 std::vector<SpeciesSums>& sums) {
    for (std::size_t i = 0; i < batch.answer_positions.size(); ++i) {
        SpeciesSums& species = species_at(batch, batch.answer_positions[i], sums);
        bool const said_true = evaluation.class_logits[2 * i] > evaluation.class_logits[2 * i + 1];
        species.order += evaluation.token_loss[static_cast<std::size_t>(batch.answer_positions[i])];
        species.order_correct += said_true == (batch.answer_targets[i] == true_word) ? 1 : 0;
        species.order_count += 1;
    }
}

template <class T>
void score_windows(Scorer<T> const& scorer, ValidationSet const& set, Communicator const& world,
                   std::vector<SpeciesSums>& sums, Progress& progress) {
    auto const all = std::span<EvaluationWindow const>(set.windows());
    auto const novel = std::span<std::vector<std::uint8_t> const>(set.novel);
    auto const micro = static_cast<std::size_t>(set.settings().micro_batch);
    for (std::size_t first = 0, number = 0; first < all.size(); first += micro, ++number) {
        std::size_t const rows = std::min(micro, all.size() - first);
        if (static_cast<int>(number % static_cast<std::size_t>(world.size())) == world.rank()) {
            auto const windows = all.subspan(first, rows);
            EvaluationBatch const batch =
                make_evaluation_batch(set.data(), windows, set.vocabulary());
            add_windows(batch, scorer.score(batch.batch), windows,
                        novel.empty() ? novel : novel.subspan(first, rows), sums);
        }
        progress.advance(rows);
    }
}

template <class T>
void score_tasks(Scorer<T> const& scorer, ValidationSet const& set, Communicator const& world,
                 std::vector<SpeciesSums>& sums, Progress& progress) {
    std::int64_t const micro = set.settings().micro_batch;
    for (std::int64_t first = 0, number = 0; first < set.task_rows(); first += micro, ++number) {
        std::int64_t const rows = std::min(micro, set.task_rows() - first);
        if (number % world.size() == world.rank()) {
            Batch const batch = set.task_batch(first, rows);
            Evaluation const evaluation = scorer.score(batch);
            add_next_tokens(batch, evaluation, sums);
            add_numbers(batch, evaluation, sums);
            add_answers(batch, evaluation, set.vocabulary().true_word(), sums);
        }
        progress.advance(static_cast<std::uint64_t>(rows));
    }
}

}  // namespace

ValidationSet::ValidationSet(PretrainData const& data, Vocabulary vocabulary,
                             ValidationSettings const& settings)
    : data_(data),
      vocabulary_(vocabulary),
      settings_(settings),
      windows_(evaluation_windows(data, settings.context_length - template_positions,
                                  settings.windows_per_species, settings.seed)),
      sampler_(data, settings.context_length, settings.seed),
      task_starts_{0} {
    for (std::size_t species = 0; species < data.species().size(); ++species) {
        std::int64_t const rows = std::min(settings.task_rows_per_species,
                                           sampler_.windows(static_cast<std::int32_t>(species)));
        task_starts_.push_back(task_starts_.back() + rows);
    }
}

ValidationSet::TaskRow ValidationSet::task_row(std::int64_t number) const {
    auto const after = std::upper_bound(task_starts_.begin(), task_starts_.end(), number);
    TaskRow row;
    row.species = static_cast<std::int32_t>(after - task_starts_.begin() - 1);
    row.units.resize(static_cast<std::size_t>(sampler_.row_units()));
    sampler_.read_species_sample(
        row.species, number - task_starts_[static_cast<std::size_t>(row.species)], row.units);
    row.choice = draw_example(settings_.seed, number, row.units);
    return row;
}

Batch ValidationSet::task_batch(std::int64_t first, std::int64_t rows) const {
    Batch batch = empty_batch(rows, settings_.context_length);
    for (std::int64_t i = 0; i < rows; ++i) {
        TaskRow const row = task_row(first + i);
        fill_pretrain_row(batch, i, vocabulary_, row.species,
                          data_.species()[static_cast<std::size_t>(row.species)].token(), row.units,
                          row.choice);
    }
    return batch;
}

template <class T>
std::vector<SpeciesSums> score_validation(Context& context, GptParams<T> const& params,
                                          GptSaved<T> const& saved, DeviceBatch& batch,
                                          ValidationSet const& set, Communicator const& world) {
    std::vector<SpeciesSums> sums(set.data().species().size());
    Scorer<T> const scorer{{context, params, saved, batch},
                           {set.vocabulary().true_word(), set.vocabulary().false_word()}};
    Progress progress("validation", "rows",
                      set.windows().size() + static_cast<std::uint64_t>(set.task_rows()));
    score_windows(scorer, set, world, sums, progress);
    score_tasks(scorer, set, world, sums, progress);
    world.all_reduce_sum(as_numbers(sums));
    return sums;
}

#define DNAGPT_INSTANTIATE(T)                                                            \
    template std::vector<SpeciesSums> score_validation(Context&, GptParams<T> const&,    \
                                                       GptSaved<T> const&, DeviceBatch&, \
                                                       ValidationSet const&, Communicator const&)
DNAGPT_INSTANTIATE(float);
DNAGPT_INSTANTIATE(bf16);

}  // namespace dnagpt
