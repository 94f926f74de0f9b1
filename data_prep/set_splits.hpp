#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/data/labelled_groups.hpp"
#include "dnagpt/data/labelled_set.hpp"

namespace dnagpt {

/// 12,345.
std::string count_text(std::int64_t count);

/// Whether validation and test may be left without a share.
enum class EmptySplits : std::uint8_t { refused, allowed };
/// The shares of --split; Error unless there are three numbers that fit.
std::array<double, split_count> split_shares(std::vector<double> const& shares, EmptySplits empty);
/// Error naming a split that has a share and no example.
void require_filled_splits(LabelledSet const& set, std::array<double, split_count> const& shares);
/// How a set was split, for people.
std::string split_settings(std::vector<double> const& shares, std::uint64_t seed,
                           std::string const& group_by);

/// The head of a table of numbers by split, and one row of it.
void print_split_head(std::string const& title);
void print_split_row(std::string const& name, std::array<std::int64_t, split_count> const& counts);
/// What the grouping found.
void print_groups(GroupReport const& report);
/// Mean and deviation of each number and of the target, if that is a number, over the training
/// examples, each line behind `indent`.
void print_statistics(LabelledSet const& set, std::string const& indent);
/// Examples of each split.
std::array<std::int64_t, split_count> examples_by_split(LabelledSet const& set);
/// Groups of each split.
std::array<std::int64_t, split_count> groups_by_split(LabelledSet const& set);

}  // namespace dnagpt
