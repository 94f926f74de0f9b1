#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dnagpt/genome/genome_region.hpp"

namespace dnagpt {

/// One line of a BED file.
struct BedEntry {
    GenomeRegion region;
    std::vector<std::string> fields;  ///< all columns
    std::int64_t row = 0;             ///< its line in the file, counted from 1
};

/// How many columns are needed, and what they are, for the message where there are fewer.
struct BedColumns {
    std::size_t count = 3;
    std::string_view names = "BED has contig, start and end";
};

/// Visits the entries of a plain or gzip file. Lines of comments, `track` and `browser` are left
/// out. Errors name file and row: fewer columns, places that are no places, no contig, no entry.
void for_each_bed_entry(std::string const& path, BedColumns const& columns,
                        std::function<void(BedEntry const&)> const& visit);

/// The bases that a BED file covers.
class BedRegions {
  public:
    /// Errors as above.
    explicit BedRegions(std::string const& path);

    /// Contigs with an entry.
    std::vector<std::string> contigs() const;
    /// Whether one of the bases of `region` (at least one) is covered.
    bool overlap(GenomeRegion const& region) const;

  private:
    using Range = std::pair<std::int64_t, std::int64_t>;

    std::map<std::string, std::vector<Range>> ranges_;  ///< ascending, disjoint
};

}  // namespace dnagpt
