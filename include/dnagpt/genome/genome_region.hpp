#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace dnagpt {

/// Bases begin .. end - 1 of a contig, counted from 0.
struct GenomeRegion {
    std::string contig;
    std::int64_t begin = 0;
    std::int64_t end = std::numeric_limits<std::int64_t>::max();

    friend bool operator==(GenomeRegion const&, GenomeRegion const&) = default;
};

/// A region as samtools writes it: `contig`, `contig:from`, `contig:from-to`, both counted from 1
/// and part of the region; commas in the numbers are allowed. Error for any other text.
GenomeRegion parse_region(std::string_view text);

}  // namespace dnagpt
