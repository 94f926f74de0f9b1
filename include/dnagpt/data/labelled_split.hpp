#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dnagpt/data/labelled_set.hpp"

namespace dnagpt {

/// What was dropped.
struct DroppedDuplicates {
    std::int64_t same_label = 0;  ///< copies of an example that stays
    std::int64_t two_labels = 0;  ///< all examples of a sequence that bears two labels
};
/// Keeps the first of equal sequences; drops every sequence that bears two labels. Examples with
/// other numbers are no copies.
DroppedDuplicates drop_duplicates(std::vector<LabelledExample>& examples);

/// Gives each group to one of shares.size() parts: the part of each example. Groups go in the order
/// of a hash of the seed and their first sequence (of the id between equal sequences), each to the
/// part that lacks most of the group's commonest class. `shares` need not add up to one; a part
/// without a share gets nothing. The same examples give the same parts, whatever their order.
std::vector<std::size_t> assign_parts(std::vector<LabelledExample> const& examples,
                                      std::vector<double> const& shares, std::uint64_t seed);

/// The same for train, validation and test.
void assign_splits(std::vector<LabelledExample>& examples, std::array<double, split_count> shares,
                   std::uint64_t seed);

/// The same, stratified by the fifths of the targets (by fewer parts under 100 examples); leaves
/// every label 0.
void assign_splits_by_target(std::vector<LabelledExample>& examples,
                             std::array<double, split_count> shares, std::uint64_t seed);

/// Training examples whose sequence stands in validation or test are dropped; how many.
std::int64_t drop_training_copies(std::vector<LabelledExample>& examples);

/// Training examples whose sequence bears two labels in training are dropped; how many.
std::int64_t drop_training_contradictions(std::vector<LabelledExample>& examples);

/// Test examples that share an exact 32-mer, on either strand, with a training example.
std::int64_t test_examples_sharing_kmers(std::vector<LabelledExample> const& examples);

}  // namespace dnagpt
