#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dnagpt/data/evaluation_windows.hpp"
#include "dnagpt/data/pretrain_data.hpp"

namespace dnagpt {

inline constexpr int highest_markov_order = 5;

/// Markov models of bases of order 0 .. 5 with add-one counts: p(base | the k bases before it) =
/// (count + 1) / (sum + 4).
class MarkovModels {
  public:
    MarkovModels();
    /// Counts all bases of a species' line. Contexts do not cross contigs or N.
    void fit(SpeciesData const& species);
    /// Counts one run of base codes.
    void count(std::span<std::uint8_t const> codes);
    /// -log2 p of the base codes[i] (not N) under order `order`; where fewer bases without N stand
    /// before it, the order is that many.
    double bits(int order, std::span<std::uint8_t const> codes, std::size_t i) const;

  private:
    std::vector<std::int64_t> counts_[highest_markov_order + 1];
};

/// Sum of bits and number of bases; their quotient is bits per base.
struct BitSum {
    double bits = 0;
    std::int64_t bases = 0;

    double bits_per_base() const { return bases > 0 ? bits / static_cast<double>(bases) : 0; }
};

/// Scores the bases of the words of a window, by order 0 .. 5. Words holding N are left out, as are
/// words whose `word_mask` is 0 (no mask: none is). Contexts may reach back before the window, not
/// out of the contig.
std::vector<BitSum> score_markov(MarkovModels const& models, PretrainData const& data,
                                 EvaluationWindow const& window,
                                 std::span<std::uint8_t const> word_mask = {});

}  // namespace dnagpt
