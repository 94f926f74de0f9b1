#include "dnagpt/eval/base_scores.hpp"

#include <algorithm>
#include <cmath>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/data/finetune_batches.hpp"
#include "dnagpt/data/sampler.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "dnagpt/model/token_scores.hpp"

namespace dnagpt {
namespace {

constexpr std::int64_t bases = 4;
constexpr std::int64_t words_of_base = 1024;

/// (4, 1024): ids of the words without N, by their first base.
std::vector<std::int32_t> words_by_base(Vocabulary vocabulary) {
    std::vector<std::int32_t> words;
    for (std::uint16_t const word : words_without_n()) {
        words.push_back(vocabulary.word_token(word));
    }
    DNAGPT_EXPECT(std::ssize(words) == bases * words_of_base);
    return words;
}

BaseLogP normalised(std::span<double const> sums) {
    double const largest = *std::ranges::max_element(sums);
    double total = 0;
    for (double const sum : sums) {
        total += std::exp(sum - largest);
    }
    BaseLogP log_p{};
    for (std::size_t base = 0; base < log_p.size(); ++base) {
        log_p[base] = sums[base] - largest - std::log(total);
    }
    return log_p;
}

}  // namespace

std::int64_t scored_bases(std::int64_t context_length) {
    return bases_per_word * (context_length - template_positions);
}

/// A sequence in one phase. Base first + 6 i is asked at position (first - phase) / 6 + i.
template <class T>
struct BaseScorer<T>::Reading {
    std::size_t number = 0;  ///< of the ask
    std::int64_t phase = 0;
    std::int64_t first = 0;  ///< the first asked base in this phase
    std::int64_t count = 0;  ///< asked bases

    std::int64_t first_position() const { return (first - phase) / bases_per_word; }
    std::int64_t length() const { return first_position() + count; }
};

template <class T>
BaseScorer<T>::BaseScorer(ForwardModel<T> const& model, Vocabulary vocabulary, TokenId species,
                          std::int64_t positions)
    : model_(model),
      vocabulary_(vocabulary),
      species_(species),
      positions_(positions),
      words_by_base_("words by their first base", bases * words_of_base) {
    std::vector<std::int32_t> const words = words_by_base(vocabulary);
    copy_to_device(words.data(), words_by_base_.data(), words_by_base_.size());
}

template <class T>
std::vector<typename BaseScorer<T>::Reading> BaseScorer<T>::readings_of(
    std::span<BaseAsk const> asks) const {
    std::vector<Reading> readings;
    for (std::size_t number = 0; number < asks.size(); ++number) {
        BaseAsk const& ask = asks[number];
        DNAGPT_EXPECT(ask.first >= 0 && ask.last <= std::ssize(ask.codes) &&
                      std::ssize(ask.codes) <= scored_bases(model_.params.shape.context_length));
        for (std::int64_t first = ask.first; first < std::min(ask.first + bases_per_word, ask.last);
             ++first) {
            std::int64_t const count = (ask.last - first + bases_per_word - 1) / bases_per_word;
            readings.push_back({number, first % bases_per_word, first, count});
        }
    }
    return readings;
}

template <class T>
Batch BaseScorer<T>::batch_of(std::span<BaseAsk const> asks,
                              std::span<Reading const* const> readings) const {
    std::vector<FinetuneRow> rows;
    for (Reading const* reading : readings) {
        std::span<std::uint8_t const> const codes(asks[reading->number].codes);
        std::vector<std::int32_t>& tokens = rows.emplace_back().input.tokens;
        tokens.push_back(species_);
        for (std::int64_t word = 0; word + 1 < reading->length(); ++word) {
            auto const from = static_cast<std::size_t>(reading->phase + word * bases_per_word);
            tokens.push_back(vocabulary_.kmer_token(codes.subspan(from, bases_per_word)));
        }
    }
    return make_batch(rows, RowWeights::equal);
}

template <class T>
void BaseScorer<T>::read(std::span<BaseAsk const> asks, std::span<Reading const* const> readings,
                         std::vector<std::vector<BaseLogP>>& scores) const {
    Batch const batch = batch_of(asks, readings);
    model_.batch.upload(batch);
    gpt_forward(model_.context, model_.params, model_.batch, model_.saved);
    std::vector<std::int32_t> positions;
    for (std::size_t row = 0; row < readings.size(); ++row) {
        std::int64_t const begin = static_cast<std::int64_t>(row) * batch.context_length;
        for (std::int64_t i = readings[row]->first_position(); i < readings[row]->length(); ++i) {
            positions.push_back(static_cast<std::int32_t>(begin + i));
        }
    }
    Buffer<std::int32_t> asked("positions of asked bases", std::ssize(positions));
    copy_to_device(positions.data(), asked.data(), asked.size());
    Matrix<std::int32_t> const words(words_by_base_.data(), bases, words_of_base);
    std::vector<double> const sums =
        grouped_token_scores(model_.context, model_.params, model_.saved, asked.view(), words);
    std::span<double const> rest(sums);
    for (Reading const* reading : readings) {
        auto& own = scores[reading->number];
        for (std::int64_t i = 0; i < reading->count; ++i) {
            auto const place = reading->first - asks[reading->number].first + i * bases_per_word;
            own[static_cast<std::size_t>(place)] = normalised(rest.first(bases));
            rest = rest.subspan(bases);
        }
    }
}

template <class T>
std::vector<std::vector<BaseLogP>> BaseScorer<T>::score(std::span<BaseAsk const> asks,
                                                        ReportShare const& report) const {
    std::vector<std::vector<BaseLogP>> scores;
    for (BaseAsk const& ask : asks) {
        scores.emplace_back(static_cast<std::size_t>(ask.last - ask.first));
    }
    std::vector<Reading> const readings = readings_of(asks);
    std::vector<std::int64_t> lengths;
    for (Reading const& reading : readings) {
        lengths.push_back(reading.length());
    }
    WorkShare share(report, readings.size());
    for (auto const& members : pack_by_length(lengths, positions_)) {
        std::vector<Reading const*> chosen;
        for (std::size_t const member : members) {
            chosen.push_back(&readings[member]);
        }
        read(asks, chosen, scores);
        share.add(members.size());
    }
    return scores;
}

template class BaseScorer<float>;
template class BaseScorer<bf16>;

}  // namespace dnagpt
