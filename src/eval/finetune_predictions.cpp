#include "dnagpt/eval/finetune_predictions.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/data/batch_loader.hpp"
#include "dnagpt/data/finetune_batches.hpp"

namespace dnagpt {
namespace {

/// Numbers of a prediction beside the probabilities.
constexpr std::size_t other_numbers = 3;

/// One reading of an example: of either strand.
struct Reading {
    std::size_t number;  ///< of the example, among the places
    ExampleView view;
};

std::vector<TokenId> class_words(FinetuneData const& data, std::size_t set) {
    std::size_t const classes = data.task().sets[set].classes.size();
    std::vector<TokenId> words;
    for (std::size_t label = 0; label < classes; ++label) {
        words.push_back(class_word(data.vocabulary(), label, classes));
    }
    return words;
}

double row_loss(Batch const& batch, Evaluation const& evaluation, std::size_t row) {
    auto const length = static_cast<std::size_t>(batch.context_length);
    double sum = 0;
    double targets = 0;
    for (std::size_t at = row * length; at < (row + 1) * length; ++at) {
        sum += evaluation.token_loss[at];
        targets += batch.targets[at] >= 0 ? 1 : 0;
    }
    return targets > 0 ? sum / targets : sum;
}

/// Reads the examples of one set.
template <class T>
class SetReader {
  public:
    SetReader(ForwardModel<T> const& model, FinetuneData const& data, std::size_t set, Blank blank)
        : model_(model), data_(data), set_(set), blank_(blank), words_(class_words(data, set)) {}

    void read(std::span<Reading const> readings, std::span<ExamplePlace const> places, double share,
              std::vector<Prediction>& predictions) const {
        std::vector<FinetuneRow> rows;
        for (Reading const& reading : readings) {
            rows.push_back(data_.row(places[reading.number], reading.view, blank_));
        }
        Batch const batch = make_batch(rows, RowWeights::equal);
        Evaluation const evaluation = model_.evaluate(batch, words_);
        for (std::size_t row = 0; row < readings.size(); ++row) {
            Prediction& prediction = predictions[readings[row].number];
            if (rows[row].asks_number) {
                auto const value = static_cast<double>(evaluation.regression[row]);
                double const error = value - static_cast<double>(rows[row].target);
                prediction.value += share * value;
                prediction.loss += share * error * error;
                continue;
            }
            prediction.loss += share * row_loss(batch, evaluation, row);
            if (rows[row].answer >= 0) {
                std::span<float const> const all(evaluation.class_logits);
                prediction.classes.add(
                    {all.subspan(row * words_.size(), words_.size()),
                     evaluation.log_normaliser[row], evaluation.largest_logit[row]},
                    share);
            }
        }
    }

  private:
    ForwardModel<T> const& model_;
    FinetuneData const& data_;
    std::size_t set_;
    Blank blank_;
    std::vector<TokenId> words_;
};

std::vector<Reading> readings_of_set(FinetuneData const& data,
                                     std::vector<ExamplePlace> const& places, std::size_t set) {
    std::vector<Reading> readings;
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (places[i].set == set) {
            readings.push_back({i, {false, 0}});
            if (data.task().reverse_complement) {
                readings.push_back({i, {true, 0}});
            }
        }
    }
    return readings;
}

/// Every rank filled in its share; the others' numbers are zero there.
void sum_over_ranks(std::vector<Prediction>& predictions, Communicator const& world) {
    std::vector<double> numbers;
    for (Prediction const& each : predictions) {
        ClassAnswer const& classes = each.classes;
        numbers.insert(numbers.end(), classes.probabilities.begin(), classes.probabilities.end());
        numbers.insert(numbers.end(), classes.likeliest_of_all.begin(),
                       classes.likeliest_of_all.end());
        numbers.insert(numbers.end(), {classes.outside_mass, each.value, each.loss});
    }
    world.all_reduce_sum(numbers);
    auto next = numbers.begin();
    for (Prediction& each : predictions) {
        auto const count = std::ssize(each.classes.probabilities);
        std::copy(next, next + count, each.classes.probabilities.begin());
        std::copy(next + count, next + 2 * count, each.classes.likeliest_of_all.begin());
        next += 2 * count;
        each.classes.outside_mass = next[0];
        each.value = next[1];
        each.loss = next[2];
        next += other_numbers;
    }
}

}  // namespace

template <class T>
std::vector<Prediction> predict(ForwardModel<T> const& model, FinetuneData const& data,
                                std::vector<ExamplePlace> const& places, std::int64_t positions,
                                Blank blank, Communicator const& world) {
    std::vector<Prediction> predictions(places.size());
    for (std::size_t i = 0; i < places.size(); ++i) {
        predictions[i].place = places[i];
        SetTask const& task = data.task().sets[places[i].set];
        std::size_t const classes = task.answer == AnswerKind::classes ? task.classes.size() : 0;
        predictions[i].classes = ClassAnswer(classes);
    }
    bool const both_strands = data.task().reverse_complement;
    auto const readings_here = static_cast<std::uint64_t>(std::ssize(places)) *
                               (both_strands ? 2 : 1) / static_cast<std::uint64_t>(world.size());
    Progress progress("prediction", "examples of this rank", readings_here);
    double const share = both_strands ? 0.5 : 1;
    for (std::size_t set = 0; set < data.sets().size(); ++set) {
        SetReader<T> const reader(model, data, set, blank);
        std::vector<Reading> const readings = readings_of_set(data, places, set);
        RowRange const own = rows_of_rank(std::ssize(readings), world.rank(), world.size());
        std::vector<std::int64_t> lengths;
        for (std::int64_t i = own.first; i < own.last; ++i) {
            Reading const& reading = readings[static_cast<std::size_t>(i)];
            lengths.push_back(data.length(places[reading.number], reading.view));
        }
        for (auto const& members : pack_by_length(lengths, positions)) {
            std::vector<Reading> chosen;
            for (std::size_t const member : members) {
                chosen.push_back(readings[static_cast<std::size_t>(own.first) + member]);
            }
            reader.read(chosen, places, share, predictions);
            progress.advance(chosen.size());
        }
    }
    sum_over_ranks(predictions, world);
    return predictions;
}

#define DNAGPT_INSTANTIATE(T)                                                                \
    template std::vector<Prediction> predict(ForwardModel<T> const&, FinetuneData const&,    \
                                             std::vector<ExamplePlace> const&, std::int64_t, \
                                             Blank, Communicator const&)
DNAGPT_INSTANTIATE(float);
DNAGPT_INSTANTIATE(bf16);

}  // namespace dnagpt
