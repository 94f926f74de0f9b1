#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dnagpt/data/pretrain_data.hpp"

namespace dnagpt {

/// A row's units are word numbers and this: `<+>`, where one contig ends and the next begins.
inline constexpr std::uint16_t join_unit = 0xffff;
/// Positions of a pretraining row that hold no words or joins: `<S>`, `<M>`, g, `<=>`, `<B>`.
inline constexpr std::int64_t template_positions = 5;
/// A window with a larger share of N is replaced by that of the next number.
inline constexpr double largest_n_share = 0.05;

/// Base `start` of a species' line, where a row begins to read.
struct SampleWindow {
    std::int32_t species = 0;
    std::int64_t start = 0;
};

/// Reads exactly row.size() units of a species from base `start` of its line on. At a contig's end
/// the 1-5 bases that fill no word are dropped, join_unit stands, and the next contig starts a
/// word; the line wraps around. A join costs a position and at most five bases, so that a row never
/// reads past 6 row.size() bases. A row that starts in such a tail begins with a join.
void read_row(SpeciesData const& species, std::int64_t start, std::span<std::uint16_t> row);

/// Says which window sample number 0, 1, 2, ... is. It has no state: the same seed gives the same
/// windows at any world size. W = 6 (T - 5) bases. A pass over a species shifts its line by an
/// offset in [0, W) and cuts n = max(1, floor(length / W)) windows. An epoch takes
/// c = round(weight x sum of n) windows of each species, in mixed order; the k-th window ever of a
/// species is window k mod n, permuted, of pass floor(k / n).
class Sampler {
  public:
    /// `weights`: one a species, normalised to sum 1; empty: by length, so that c = n. The data
    /// must outlive the sampler.
    Sampler(PretrainData const& data, std::int64_t context_length, std::uint64_t seed,
            std::vector<double> weights = {});

    /// Samples of an epoch over all species, and of one species.
    std::int64_t samples_per_epoch() const { return epoch_starts_.back(); }
    std::int64_t samples_per_epoch(std::int32_t species) const {
        return epoch_starts_[species + 1] - epoch_starts_[species];
    }
    /// Windows of one pass over a species.
    std::int64_t windows(std::int32_t species) const { return windows_[species]; }

    /// Species and place of sample number `sample`, before a window full of N is replaced.
    SampleWindow window(std::int64_t sample) const;
    /// The same for the k-th window ever of a species.
    SampleWindow species_window(std::int32_t species, std::int64_t k) const;
    /// Reads sample number `sample` into `row` (T - 5 units) and returns its species. Windows of
    /// over 5 % N are replaced by those of the species' next numbers; Error when all are.
    std::int32_t read_sample(std::int64_t sample, std::span<std::uint16_t> row) const;
    /// The same for the k-th window ever of a species.
    void read_species_sample(std::int32_t species, std::int64_t k,
                             std::span<std::uint16_t> row) const;

    std::int64_t row_units() const { return row_units_; }

  private:
    struct Place {
        std::int32_t species;
        std::int64_t k;
    };
    Place place(std::int64_t sample) const;

    PretrainData const& data_;
    std::int64_t row_units_;
    std::uint64_t seed_;
    std::vector<std::uint64_t> keys_;
    std::vector<std::int64_t> windows_;
    std::vector<std::int64_t> epoch_starts_;
};

/// One weight a species, in the order of `data`, from texts "name=weight". Error for an unknown or
/// missing name and for what is no number >= 0. Empty for an empty list.
std::vector<double> read_species_weights(std::vector<std::string> const& texts,
                                         PretrainData const& data);

/// Rows are used in blocks of one step's rows. `skip_list` holds the blocks that are not used
/// again (a non-finite loss): step number `step`, counted from 0 over applied updates, takes the
/// step-th block that is not in the list.
std::int64_t row_block(std::int64_t step, std::span<std::int64_t const> skip_list);

}  // namespace dnagpt
