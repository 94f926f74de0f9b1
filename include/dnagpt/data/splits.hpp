#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dnagpt {

enum class Split : std::uint8_t { train, validation, test };

inline constexpr int split_count = 3;
/// "train", "validation" or "test".
std::string_view split_name(Split split);
/// The split called `name`; Error for any other name.
Split split_called(std::string_view name);

/// Bases begin .. end - 1 of a record, counted from 0.
struct BaseRange {
    std::int64_t begin = 0;
    std::int64_t end = 0;

    friend bool operator==(BaseRange const&, BaseRange const&) = default;
};

/// A record of a species' FASTA files as the first reading saw it.
struct SourceRecord {
    std::string name;
    std::int64_t length = 0;
    /// Runs of 100 or more N, ascending.
    std::vector<BaseRange> gaps;
};

/// A line of a BED file: bases begin .. end - 1 of the sequence `name`.
struct BedRegion {
    std::string name;
    BaseRange range;
};
/// Reads name, begin and end of a BED file; Error names the line.
std::vector<BedRegion> read_bed(std::string const& path);

/// How a species' bases are divided.
struct SplitSettings {
    double validation_fraction = 0.05;
    double test_fraction = 0.05;
    /// Names of records that make up a split, globs, optionally `species/glob`. A split with names
    /// that match in a species is not filled by hash there.
    std::vector<std::string> validation_contigs;
    std::vector<std::string> test_contigs;
    /// What no split gets.
    std::vector<BedRegion> exclude;
};

/// One run of bases of one record that goes to one split; at least one word long.
struct PlannedContig {
    std::int32_t record = 0;
    std::int64_t begin = 0;
    std::int64_t length = 0;
    /// Contigs of one block share a split.
    std::int32_t block = 0;
    Split split = Split::train;
};

/// All contigs of a species in source order, and what became of its bases.
struct SplitPlan {
    std::vector<PlannedContig> contigs;
    std::int64_t block_length = 0;
    std::int64_t blocks = 0;
    std::int64_t gap_bases = 0;
    std::int64_t excluded_bases = 0;
    /// Those of the settings' names and globs that match a record.
    std::set<std::string> matched_names;
    /// Those of the excluded regions' names that a record has.
    std::set<std::string> matched_regions;
};

/// min(1 Mb, species length / 200), not under 16 kb.
std::int64_t split_block_length(std::int64_t species_length);

/// Cuts the records into blocks, leaves out gaps and excluded regions, and gives each block to a
/// split: sorted by hash of species, record and place, blocks fill test, then validation until
/// their fraction is reached, at least one each; a block larger than the fraction (and than the
/// block length) stays in training. `groups` has one number a record: records under 1 kb of one
/// number are one block. Error when a split or training would be empty.
SplitPlan plan_splits(std::string const& species, std::span<SourceRecord const> records,
                      std::span<std::int32_t const> groups, SplitSettings const& settings);

}  // namespace dnagpt
