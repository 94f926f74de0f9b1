#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "dnagpt/core/work_share.hpp"
#include "dnagpt/device/buffer.hpp"
#include "dnagpt/eval/forward_model.hpp"
#include "dnagpt/genome/vocabulary.hpp"

namespace dnagpt {

/// log p of the base codes 1 .. 4 (A, G, C, T), nats.
using BaseLogP = std::array<double, 4>;
/// That of one base code; 0 for an N.
inline double log_p_of(BaseLogP const& log_p, std::uint8_t code) {
    return code > 0 ? log_p[code - 1U] : 0;
}

/// Bases of a sequence whose probabilities are asked for.
struct BaseAsk {
    std::vector<std::uint8_t> codes;  ///< base codes of the whole sequence
    std::int64_t first = 0;           ///< asked: first .. last - 1
    std::int64_t last = 0;
};

/// How many bases a sequence may have, so that none is asked for where pretraining never asked for
/// a word: 6 (T - 5).
std::int64_t scored_bases(std::int64_t context_length);

/// The probability of a base, given all before it: words are phased so that one begins at the base;
/// the distribution of that next word is summed over the words without N by their first base and
/// normalised over A, C, G and T. So a sequence is read once for each of six phases of its words;
/// up to five bases at its beginning are not read in a phase.
template <class T>
class BaseScorer {
  public:
    /// Sequences begin with `species`. Batches hold up to `positions` positions, or one row. The
    /// model must outlive the scorer.
    BaseScorer(ForwardModel<T> const& model, Vocabulary vocabulary, TokenId species,
               std::int64_t positions);

    /// For each sequence the asked bases in order. Waits for the device.
    std::vector<std::vector<BaseLogP>> score(std::span<BaseAsk const> asks,
                                             ReportShare const& report = {}) const;

  private:
    struct Reading;

    std::vector<Reading> readings_of(std::span<BaseAsk const> asks) const;
    Batch batch_of(std::span<BaseAsk const> asks, std::span<Reading const* const> readings) const;
    void read(std::span<BaseAsk const> asks, std::span<Reading const* const> readings,
              std::vector<std::vector<BaseLogP>>& scores) const;

    ForwardModel<T> const& model_;
    Vocabulary vocabulary_;
    TokenId species_;
    std::int64_t positions_;
    Buffer<std::int32_t> words_by_base_;  ///< (4, 1024): words without N by their first base
};

}  // namespace dnagpt
