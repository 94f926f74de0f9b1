#include "dnagpt/data/novel_bases.hpp"

#include <algorithm>

#include "dnagpt/core/progress.hpp"
#include "dnagpt/core/random.hpp"
#include "dnagpt/data/canonical_kmers.hpp"
#include "dnagpt/genome/vocabulary.hpp"

namespace dnagpt {
namespace {

constexpr std::int64_t piece_bases = std::int64_t{1} << 20;

/// Keys asked for, and whether training holds them. A bit table in front answers most questions.
class KeyTable {
  public:
    explicit KeyTable(std::vector<std::uint64_t> keys) : keys_(std::move(keys)) {
        std::sort(keys_.begin(), keys_.end());
        keys_.erase(std::unique(keys_.begin(), keys_.end()), keys_.end());
        seen_.assign(keys_.size(), 0);
        while ((std::size_t{1} << bits_) < 16 * keys_.size()) {
            ++bits_;
        }
        filter_.assign(std::size_t{1} << bits_, false);
        for (std::uint64_t const key : keys_) {
            filter_[spread_bits(key) >> (64 - bits_)] = true;
        }
    }
    void mark(std::uint64_t key) {
        if (!filter_[spread_bits(key) >> (64 - bits_)]) {
            return;
        }
        auto const found = std::lower_bound(keys_.begin(), keys_.end(), key);
        if (found != keys_.end() && *found == key) {
            seen_[static_cast<std::size_t>(found - keys_.begin())] = 1;
        }
    }
    bool seen(std::uint64_t key) const {
        auto const found = std::lower_bound(keys_.begin(), keys_.end(), key);
        return seen_[static_cast<std::size_t>(found - keys_.begin())] != 0;
    }

  private:
    std::vector<std::uint64_t> keys_;
    std::vector<std::uint8_t> seen_;
    std::vector<bool> filter_;
    int bits_ = 6;
};

/// A window's bases with up to 31 more of its contig on either side.
struct WideWindow {
    std::vector<std::uint8_t> codes;
    std::int64_t before = 0;
};

WideWindow read_wide(PretrainData const& data, EvaluationWindow const& window) {
    SpeciesData const& species = data.species()[static_cast<std::size_t>(window.species)];
    std::int64_t const begin = window.first_word * bases_per_word;
    std::int64_t const first = std::max<std::int64_t>(0, begin - (kmer_bases - 1));
    std::int64_t const last = std::min(species.contig_length(window.contig),
                                       begin + window.words * bases_per_word + kmer_bases - 1);
    WideWindow wide;
    wide.before = begin - first;
    wide.codes.resize(static_cast<std::size_t>(last - first));
    species.read_bases(window.contig, first, wide.codes);
    return wide;
}

void mark_training(PretrainData const& training, KeyTable& table) {
    Progress progress("novel bases", "bp", static_cast<std::uint64_t>(training.bases()));
    std::vector<std::uint8_t> codes;
    for (SpeciesData const& species : training.species()) {
        for (std::int64_t contig = 0; contig < species.contigs(); ++contig) {
            std::int64_t const length = species.contig_length(contig);
            for (std::int64_t begin = 0; begin < length; begin += piece_bases) {
                // pieces overlap, so that no 32-mer falls between two of them
                std::int64_t const end = std::min(length, begin + piece_bases + kmer_bases - 1);
                codes.resize(static_cast<std::size_t>(end - begin));
                species.read_bases(contig, begin, codes);
                for_each_canonical_kmer(codes,
                                        [&](std::size_t, std::uint64_t key) { table.mark(key); });
            }
            progress.advance(static_cast<std::uint64_t>(length));
        }
    }
}

std::vector<std::uint8_t> novel_of(WideWindow const& wide, std::int64_t words,
                                   KeyTable const& table) {
    std::vector<std::uint8_t> known(wide.codes.size(), 0);
    std::size_t covered = 0;
    for_each_canonical_kmer(wide.codes, [&](std::size_t first, std::uint64_t key) {
        if (table.seen(key)) {
            std::size_t const end = first + kmer_bases;
            std::fill(known.begin() + static_cast<std::ptrdiff_t>(std::max(first, covered)),
                      known.begin() + static_cast<std::ptrdiff_t>(end), 1);
            covered = end;
        }
    });
    std::vector<std::uint8_t> novel(static_cast<std::size_t>(words));
    for (std::int64_t word = 0; word < words; ++word) {
        auto const first = known.begin() + wide.before + word * bases_per_word;
        novel[static_cast<std::size_t>(word)] =
            std::find(first, first + bases_per_word, 1) == first + bases_per_word ? 1 : 0;
    }
    return novel;
}

}  // namespace

std::vector<std::vector<std::uint8_t>> novel_words(PretrainData const& data,
                                                   std::span<EvaluationWindow const> windows,
                                                   PretrainData const& training) {
    std::vector<std::uint64_t> keys;
    for (EvaluationWindow const& window : windows) {
        for_each_canonical_kmer(read_wide(data, window).codes,
                                [&](std::size_t, std::uint64_t key) { keys.push_back(key); });
    }
    KeyTable table(std::move(keys));
    mark_training(training, table);
    std::vector<std::vector<std::uint8_t>> masks;
    masks.reserve(windows.size());
    for (EvaluationWindow const& window : windows) {
        masks.push_back(novel_of(read_wide(data, window), window.words, table));
    }
    return masks;
}

}  // namespace dnagpt
