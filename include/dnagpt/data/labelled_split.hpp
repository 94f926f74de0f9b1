#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dnagpt/data/labelled_set.hpp"

namespace dnagpt {

/// What belongs together and must not be divided between training and test.
enum class GroupBy : std::uint8_t {
    cluster,  ///< examples that share an exact 32-mer on either strand, or whose coordinates
              ///< overlap
    contig,   ///< examples whose ids name the same sequence (what stands before the last ':')
    none      ///< nothing
};
/// "cluster", "contig" or "none"; Error for any other name.
GroupBy group_by_called(std::string_view name);

/// Clusters that repeats have grown beyond this many examples are cut into parts of it.
inline constexpr std::int64_t largest_group = 200;

/// What was dropped.
struct DroppedDuplicates {
    std::int64_t same_label = 0;  ///< copies of an example that stays
    std::int64_t two_labels = 0;  ///< all examples of a sequence that bears two labels
};
/// Keeps the first of equal sequences; drops every sequence that bears two labels.
DroppedDuplicates drop_duplicates(std::vector<LabelledExample>& examples);

/// What the grouping found.
struct GroupReport {
    std::int64_t groups = 0;
    std::int64_t largest = 0;     ///< examples of the largest group, before cutting
    std::int64_t cut_groups = 0;  ///< groups that were cut
};
/// Sets every example's group: the number of its first example.
GroupReport assign_groups(std::vector<LabelledExample>& examples, GroupBy group_by);

/// Gives each group to one of shares.size() parts: the part of each example. Groups go in the order
/// of a hash of the seed and their first sequence (id, where they have none), each to the part that
/// lacks most of the group's commonest class. `shares` need not add up to one. The same examples
/// give the same parts, whatever their order.
std::vector<std::size_t> assign_parts(std::vector<LabelledExample> const& examples,
                                      std::vector<double> const& shares, std::uint64_t seed);

/// The same for train, validation and test.
void assign_splits(std::vector<LabelledExample>& examples, std::array<double, split_count> shares,
                   std::uint64_t seed);

/// Training examples whose sequence stands in validation or test are dropped; how many.
std::int64_t drop_training_copies(std::vector<LabelledExample>& examples);

/// Test examples that share an exact 32-mer, on either strand, with a training example.
std::int64_t test_examples_sharing_kmers(std::vector<LabelledExample> const& examples);

}  // namespace dnagpt
