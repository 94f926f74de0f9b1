#include "set_splits.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/data/number_statistics.hpp"

namespace dnagpt {
namespace {

void print_statistics_row(std::string const& indent, std::string const& name,
                          NumberStatistics const& statistics) {
    fmt::print("{}{:<36}{:>14.6g}{:>14.6g}\n", indent, name, statistics.mean, statistics.deviation);
}

}  // namespace

std::string count_text(std::int64_t count) {
    return format_count(static_cast<std::uint64_t>(count));
}

std::array<double, split_count> split_shares(std::vector<double> const& shares, EmptySplits empty) {
    bool const are_shares = shares.size() == split_count && shares[0] > 0 &&
                            std::ranges::all_of(shares, [](double share) {
                                return std::isfinite(share) && share >= 0;
                            });
    bool const all_filled =
        are_shares && std::ranges::all_of(shares, [](double share) { return share > 0; });
    DNAGPT_VALIDATE(
        are_shares && (all_filled || empty == EmptySplits::allowed),
        << "--split wants three shares (train, validation, test) "
        << (empty == EmptySplits::allowed ? "of 0 or more, that of train above 0, such as 8,0,2"
                                          : "above 0, such as 6,1.5,2.5"));
    return {shares[0], shares[1], shares[2]};
}

void require_filled_splits(LabelledSet const& set, std::array<double, split_count> const& shares) {
    auto const counts = examples_by_split(set);
    for (std::size_t split = 0; split < split_count; ++split) {
        DNAGPT_VALIDATE(shares[split] == 0 || counts[split] > 0,
                        << split_name(static_cast<Split>(split))
                        << " gets no example (too few, or too large groups); give more, other "
                           "--split shares or another --group-by");
    }
}

std::string split_settings(std::vector<double> const& shares, std::uint64_t seed,
                           std::string const& group_by) {
    return fmt::format("split {} seed {} group-by {}", fmt::join(shares, ":"), seed, group_by);
}

void print_split_head(std::string const& title) {
    fmt::print("{:<24}{:>12}{:>12}{:>12}\n", title, "train", "validation", "test");
}

void print_split_row(std::string const& name, std::array<std::int64_t, split_count> const& counts) {
    fmt::print("{:<24}{:>12}{:>12}{:>12}\n", name, count_text(counts[0]), count_text(counts[1]),
               count_text(counts[2]));
}

void print_groups(GroupReport const& report) {
    fmt::print("groups    {}, the largest of {} records, {} cut into parts of {}\n",
               count_text(report.groups), count_text(report.largest), count_text(report.cut_groups),
               largest_group);
}

void print_statistics(LabelledSet const& set, std::string const& indent) {
    SetStatistics const statistics = training_statistics(set);
    fmt::print("{}{:<36}{:>14}{:>14}\n", indent, "over training", "mean", "deviation");
    for (std::size_t i = 0; i < set.number_names.size(); ++i) {
        print_statistics_row(indent, set.number_names[i], statistics.numbers[i]);
    }
    if (set.answer == AnswerKind::number) {
        print_statistics_row(indent, "target " + set.target_name, statistics.target);
    }
}

std::array<std::int64_t, split_count> examples_by_split(LabelledSet const& set) {
    std::array<std::int64_t, split_count> counts{};
    for (LabelledExample const& example : set.examples) {
        ++counts[static_cast<std::size_t>(example.split)];
    }
    return counts;
}

std::array<std::int64_t, split_count> groups_by_split(LabelledSet const& set) {
    std::array<std::set<std::int32_t>, split_count> groups;
    for (LabelledExample const& example : set.examples) {
        groups[static_cast<std::size_t>(example.split)].insert(example.group);
    }
    std::array<std::int64_t, split_count> counts{};
    std::ranges::transform(groups, counts.begin(), [](std::set<std::int32_t> const& of) {
        return static_cast<std::int64_t>(of.size());
    });
    return counts;
}

}  // namespace dnagpt
