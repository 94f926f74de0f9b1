#include "dnagpt/data/sampler.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <numeric>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/hash.hpp"
#include "dnagpt/core/random.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"

namespace dnagpt {
namespace {

enum Purpose : std::uint64_t { offset_purpose = 1, window_purpose = 2, epoch_purpose = 3 };

/// Whether more than largest_n_share of a row's bases are N.
bool holds_too_many_n(std::span<std::uint16_t const> row) {
    auto const counts = word_counts();
    std::int64_t bases = 0;
    std::int64_t known = 0;
    for (std::uint16_t const unit : row) {
        if (unit != join_unit) {
            bases += bases_per_word;
            known += counts[unit].acgt;
        }
    }
    return static_cast<double>(bases - known) > largest_n_share * static_cast<double>(bases);
}

/// Reads `words` words of a contig from base `begin` on.
void read_piece(SpeciesData const& species, std::int64_t contig, std::int64_t begin,
                std::span<std::uint16_t> words) {
    if (begin % bases_per_word == 0) {
        species.read_words(species.contig_first_word(contig) + begin / bases_per_word, words);
        return;
    }
    std::vector<std::uint8_t> codes(words.size() * bases_per_word);
    species.read_bases(contig, begin, codes);
    pack_words(codes, words);
}

std::vector<double> weights_of(PretrainData const& data, std::vector<double> weights) {
    double const sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    DNAGPT_VALIDATE(weights.empty() || (weights.size() == data.species().size() && sum > 0),
                    << "species weights: " << weights.size() << " numbers for "
                    << data.species().size() << " species, sum " << sum
                    << "; give each species one number, not all zero");
    for (double& weight : weights) {
        weight /= sum;
    }
    return weights;
}

std::int64_t epoch_windows(double weight, std::int64_t all_windows) {
    if (weight <= 0) {
        return 0;
    }
    return std::max<std::int64_t>(1, std::llround(weight * static_cast<double>(all_windows)));
}

}  // namespace

void read_row(SpeciesData const& species, std::int64_t start, std::span<std::uint16_t> row) {
    std::int64_t contig = species.contig_at(start);
    std::int64_t begin = start - species.contig_start(contig);
    bool const starts_in_tail = species.contig_length(contig) - begin < bases_per_word;
    std::size_t filled = 0;
    std::int64_t empty_contigs = 0;
    while (filled < row.size()) {
        std::int64_t const words = (species.contig_length(contig) - begin) / bases_per_word;
        empty_contigs = words > 0 ? 0 : empty_contigs + 1;
        DNAGPT_VALIDATE(empty_contigs <= species.contigs() + 1,
                        << species.name() << ": no contig holds a whole word of six bases; leave "
                        << "the species out");
        if (words > 0 && (filled > 0 || starts_in_tail)) {
            row[filled++] = join_unit;
        }
        std::size_t const take = std::min(row.size() - filled, static_cast<std::size_t>(words));
        if (take > 0) {
            read_piece(species, contig, begin, row.subspan(filled, take));
            filled += take;
        }
        contig = (contig + 1) % species.contigs();
        begin = 0;
    }
}

Sampler::Sampler(PretrainData const& data, std::int64_t context_length, std::uint64_t seed,
                 std::vector<double> weights)
    : data_(data), row_units_(context_length - template_positions), seed_(seed) {
    DNAGPT_VALIDATE(row_units_ >= 1, << "model.context_length " << context_length
                                     << " is too short (a pretraining row needs 5 positions and a "
                                     << "word); give at least 6");
    weights = weights_of(data, std::move(weights));
    std::int64_t const width = bases_per_word * row_units_;
    for (SpeciesData const& species : data.species()) {
        keys_.push_back(hash_text(species.name()));
        windows_.push_back(std::max<std::int64_t>(1, species.bases() / width));
    }
    std::int64_t const all = std::accumulate(windows_.begin(), windows_.end(), std::int64_t{0});
    epoch_starts_.push_back(0);
    for (std::size_t s = 0; s < windows_.size(); ++s) {
        std::int64_t const count = weights.empty() ? windows_[s] : epoch_windows(weights[s], all);
        epoch_starts_.push_back(epoch_starts_.back() + count);
    }
}

Sampler::Place Sampler::place(std::int64_t sample) const {
    DNAGPT_EXPECT(sample >= 0);
    std::int64_t const size = samples_per_epoch();
    std::int64_t const epoch = sample / size;
    auto const key = random_key({seed_, epoch_purpose, static_cast<std::uint64_t>(epoch)});
    auto const mixed = static_cast<std::int64_t>(random_permutation(
        key, static_cast<std::uint64_t>(size), static_cast<std::uint64_t>(sample % size)));
    auto const after = std::upper_bound(epoch_starts_.begin(), epoch_starts_.end(), mixed);
    auto const species = static_cast<std::int32_t>(after - epoch_starts_.begin() - 1);
    return {species, epoch * samples_per_epoch(species) + mixed - epoch_starts_[species]};
}

SampleWindow Sampler::window(std::int64_t sample) const {
    Place const at = place(sample);
    return species_window(at.species, at.k);
}

SampleWindow Sampler::species_window(std::int32_t species, std::int64_t k) const {
    auto const count = static_cast<std::uint64_t>(windows_[species]);
    std::uint64_t const pass = static_cast<std::uint64_t>(k) / count;
    auto const width = static_cast<std::uint64_t>(bases_per_word * row_units_);
    auto const length = static_cast<std::uint64_t>(data_.species()[species].bases());
    std::uint64_t const key = keys_[species];
    std::uint64_t const offset =
        random_below(random_key({seed_, offset_purpose, key, pass}), 0, width);
    std::uint64_t const window = random_permutation(random_key({seed_, window_purpose, key, pass}),
                                                    count, static_cast<std::uint64_t>(k) % count);
    return {species, static_cast<std::int64_t>((offset + window * width) % length)};
}

std::int32_t Sampler::read_sample(std::int64_t sample, std::span<std::uint16_t> row) const {
    Place const at = place(sample);
    read_species_sample(at.species, at.k, row);
    return at.species;
}

void Sampler::read_species_sample(std::int32_t species, std::int64_t k,
                                  std::span<std::uint16_t> row) const {
    DNAGPT_EXPECT(static_cast<std::int64_t>(row.size()) == row_units_);
    std::int64_t const tries = std::min<std::int64_t>(windows_[species] + 1, 10000);
    for (std::int64_t i = 0; i < tries; ++i) {
        read_row(data_.species()[species], species_window(species, k + i).start, row);
        if (!holds_too_many_n(row)) {
            return;
        }
    }
    throw Error(data_.species()[species].name() + ": " + std::to_string(tries) +
                " windows in a row hold more than 5 % N (the assembly is full of gaps); leave the "
                "species out or shorten model.context_length");
}

std::vector<double> read_species_weights(std::vector<std::string> const& texts,
                                         PretrainData const& data) {
    std::vector<double> weights(texts.empty() ? 0 : data.species().size(), -1);
    for (std::string const& text : texts) {
        std::size_t const sign = text.find('=');
        std::int32_t const index = data.species_index(text.substr(0, sign));
        DNAGPT_VALIDATE(sign != text.npos && index >= 0,
                        << "data.species_weights: '" << text << "' names no species of the data; "
                        << "write name=weight with a name from `dnagpt-prep inspect`");
        double value = -1;
        char const* const end = text.data() + text.size();
        auto const [stop, error] = std::from_chars(text.data() + sign + 1, end, value);
        DNAGPT_VALIDATE(error == std::errc() && stop == end && value >= 0 && std::isfinite(value),
                        << "data.species_weights: '" << text
                        << "' has no weight (a number >= 0 is wanted); write name=weight");
        weights[static_cast<std::size_t>(index)] = value;
    }
    for (std::size_t s = 0; s < weights.size(); ++s) {
        DNAGPT_VALIDATE(weights[s] >= 0, << "data.species_weights: '" << data.species()[s].name()
                                         << "' has no weight; name every species (0 leaves one "
                                         << "out) or none");
    }
    return weights;
}

std::int64_t row_block(std::int64_t step, std::span<std::int64_t const> skip_list) {
    std::vector<std::int64_t> skipped(skip_list.begin(), skip_list.end());
    std::sort(skipped.begin(), skipped.end());
    skipped.erase(std::unique(skipped.begin(), skipped.end()), skipped.end());
    std::int64_t block = step;
    for (std::int64_t const skip : skipped) {
        block += skip <= block ? 1 : 0;
    }
    return block;
}

}  // namespace dnagpt
