#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "dnagpt/data/labelled_set.hpp"
#include "dnagpt/genome/genome_region.hpp"

namespace dnagpt {

/// What belongs together and must not be divided between training and test.
enum class GroupBy : std::uint8_t {
    locus,    ///< examples whose places overlap, or whose sequences are equal
    cluster,  ///< examples that share an exact 32-mer on either strand, or whose places overlap
    contig,   ///< examples of one contig
    none      ///< nothing
};
/// "locus", "cluster", "contig" or "none"; Error for any other name.
GroupBy group_by_called(std::string_view name);

/// Clusters that repeats have grown beyond this many examples are cut into parts of it; examples
/// whose places overlap stay together.
inline constexpr std::int64_t largest_group = 200;

/// What the grouping found.
struct GroupReport {
    std::int64_t groups = 0;
    std::int64_t largest = 0;     ///< examples of the largest group, before cutting
    std::int64_t cut_groups = 0;  ///< groups that were cut
};
/// Sets every example's group: the number of its first example. `loci` are the examples' places;
/// without them (empty) places are read from ids such as `chr2:1000-1606(+)` for clusters, the
/// contig is what stands before an id's last ':', and GroupBy::locus finds equal sequences only.
GroupReport assign_groups(std::vector<LabelledExample>& examples, GroupBy group_by,
                          std::span<GenomeRegion const> loci = {});

}  // namespace dnagpt
