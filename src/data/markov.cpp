#include "dnagpt/data/markov.hpp"

#include <algorithm>
#include <cmath>

#include "dnagpt/core/check.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"

namespace dnagpt {
namespace {

constexpr std::int64_t piece_bases = std::int64_t{1} << 20;

}  // namespace

MarkovModels::MarkovModels() {
    for (int order = 0; order <= highest_markov_order; ++order) {
        counts_[order].assign(std::size_t{4} << (2 * order), 0);
    }
}

void MarkovModels::fit(SpeciesData const& species) {
    std::vector<std::uint8_t> codes;
    for (std::int64_t contig = 0; contig < species.contigs(); ++contig) {
        std::int64_t const length = species.contig_length(contig);
        for (std::int64_t begin = 0; begin < length; begin += piece_bases) {
            codes.resize(static_cast<std::size_t>(std::min(piece_bases, length - begin)));
            species.read_bases(contig, begin, codes);
            count(codes);
        }
    }
}

void MarkovModels::count(std::span<std::uint8_t const> codes) {
    std::size_t history = 0;
    int known = 0;
    for (std::uint8_t const code : codes) {
        if (code == 0) {
            known = 0;
            continue;
        }
        history = (history << 2) | (code - std::size_t{1});
        for (int order = 0; order <= std::min(known, highest_markov_order); ++order) {
            ++counts_[order][history & ((std::size_t{4} << (2 * order)) - 1)];
        }
        ++known;
    }
}

double MarkovModels::bits(int order, std::span<std::uint8_t const> codes, std::size_t i) const {
    DNAGPT_EXPECT(order >= 0 && order <= highest_markov_order && i < codes.size() && codes[i] != 0);
    int known = 0;
    std::size_t context = 0;
    while (known < order && static_cast<std::size_t>(known) < i && codes[i - 1 - known] != 0) {
        context |= (codes[i - 1 - known] - std::size_t{1}) << (2 * known);
        ++known;
    }
    auto const& counts = counts_[known];
    std::int64_t sum = 4;
    for (std::size_t base = 0; base < 4; ++base) {
        sum += counts[4 * context + base];
    }
    std::int64_t const seen = counts[4 * context + codes[i] - 1] + 1;
    return std::log2(static_cast<double>(sum) / static_cast<double>(seen));
}

std::vector<BitSum> score_markov(MarkovModels const& models, PretrainData const& data,
                                 EvaluationWindow const& window,
                                 std::span<std::uint8_t const> word_mask) {
    DNAGPT_EXPECT(word_mask.empty() || static_cast<std::int64_t>(word_mask.size()) == window.words);
    SpeciesData const& species = data.species()[static_cast<std::size_t>(window.species)];
    std::int64_t const begin = window.first_word * bases_per_word;
    std::int64_t const before = std::min<std::int64_t>(begin, highest_markov_order);
    std::vector<std::uint8_t> codes(
        static_cast<std::size_t>(before + window.words * bases_per_word));
    species.read_bases(window.contig, begin - before, codes);
    std::vector<BitSum> sums(highest_markov_order + 1);
    for (std::int64_t word = 0; word < window.words; ++word) {
        auto const first = static_cast<std::size_t>(before + word * bases_per_word);
        std::span const bases = std::span(codes).subspan(first, bases_per_word);
        bool const masked = !word_mask.empty() && word_mask[static_cast<std::size_t>(word)] == 0;
        if (masked || std::find(bases.begin(), bases.end(), 0) != bases.end()) {
            continue;
        }
        for (int order = 0; order <= highest_markov_order; ++order) {
            for (std::size_t i = first; i < first + bases_per_word; ++i) {
                sums[static_cast<std::size_t>(order)].bits += models.bits(order, codes, i);
            }
            sums[static_cast<std::size_t>(order)].bases += bases_per_word;
        }
    }
    return sums;
}

}  // namespace dnagpt
