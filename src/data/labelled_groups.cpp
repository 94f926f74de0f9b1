#include "dnagpt/data/labelled_groups.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/hash.hpp"
#include "dnagpt/data/disjoint_groups.hpp"
#include "dnagpt/data/short_records.hpp"

namespace dnagpt {
namespace {

using Examples = std::vector<LabelledExample>;
using Loci = std::span<GenomeRegion const>;
/// A number for each example, the same within a group.
using Groups = std::vector<std::int32_t>;

void join_by(DisjointGroups& joined, Groups const& groups) {
    for (std::size_t i = 0; i < groups.size(); ++i) {
        joined.join(static_cast<std::int32_t>(i), groups[i]);
    }
}

void join_overlapping(DisjointGroups& joined, Loci loci) {
    Groups order(loci.size());
    std::iota(order.begin(), order.end(), 0);
    auto const locus = [&](std::int32_t i) -> GenomeRegion const& {
        return loci[static_cast<std::size_t>(i)];
    };
    std::ranges::sort(order, [&](std::int32_t a, std::int32_t b) {
        return std::tie(locus(a).contig, locus(a).begin, a) <
               std::tie(locus(b).contig, locus(b).begin, b);
    });
    std::int64_t reach = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        bool const overlaps = i > 0 && locus(order[i]).contig == locus(order[i - 1]).contig &&
                              locus(order[i]).begin < reach;
        if (overlaps) {
            joined.join(order[i - 1], order[i]);
        }
        reach = overlaps ? std::max(reach, locus(order[i]).end) : locus(order[i]).end;
    }
}

void join_equal_sequences(DisjointGroups& joined, Examples const& examples) {
    std::unordered_map<std::uint64_t, std::vector<std::int32_t>> by_hash;
    for (std::size_t i = 0; i < examples.size(); ++i) {
        auto const& codes = examples[i].codes;
        if (codes.empty()) {
            continue;
        }
        auto& same_hash = by_hash[hash_bytes(codes.data(), codes.size())];
        auto const equal = std::ranges::find_if(same_hash, [&](std::int32_t other) {
            return examples[static_cast<std::size_t>(other)].codes == codes;
        });
        if (equal != same_hash.end()) {
            joined.join(*equal, static_cast<std::int32_t>(i));
        } else {
            same_hash.push_back(static_cast<std::int32_t>(i));
        }
    }
}

Groups locus_groups(Examples const& examples, Loci loci) {
    DisjointGroups joined(static_cast<std::int32_t>(examples.size()));
    join_overlapping(joined, loci);
    join_equal_sequences(joined, examples);
    return joined.groups();
}

Groups cluster_groups(Examples const& examples, Loci loci) {
    ShortRecordGroups records;
    for (std::size_t i = 0; i < examples.size(); ++i) {
        records.add(static_cast<std::int32_t>(i), examples[i].id, examples[i].codes);
    }
    auto const count = static_cast<std::int32_t>(examples.size());
    DisjointGroups joined(count);
    join_by(joined, records.groups(count));
    join_equal_sequences(joined, examples);
    join_overlapping(joined, loci);
    return joined.groups();
}

Groups contig_groups(Examples const& examples, Loci loci) {
    std::map<std::string, std::int32_t> first;
    Groups groups;
    for (std::size_t i = 0; i < examples.size(); ++i) {
        std::string const& id = examples[i].id;
        std::string const name = loci.empty() ? id.substr(0, id.rfind(':')) : loci[i].contig;
        groups.push_back(first.emplace(name, static_cast<std::int32_t>(i)).first->second);
    }
    return groups;
}

Groups groups_by(Examples const& examples, GroupBy group_by, Loci loci) {
    switch (group_by) {
        case GroupBy::locus:
            return locus_groups(examples, loci);
        case GroupBy::cluster:
            return cluster_groups(examples, loci);
        case GroupBy::contig:
            return contig_groups(examples, loci);
        case GroupBy::none:
            break;
    }
    Groups each(examples.size());
    std::iota(each.begin(), each.end(), 0);
    return each;
}

/// Cuts one group into parts of largest_group, between places that do not overlap; how many.
std::int64_t cut_group(Groups& groups, std::vector<std::int32_t> members, Groups const& places) {
    auto const place = [&](std::int32_t member) {
        return places[static_cast<std::size_t>(member)];
    };
    std::ranges::stable_sort(members, {}, place);
    std::int64_t parts = 0;
    std::int64_t size = largest_group;
    std::int32_t part = 0;
    for (auto run = members.begin(); run != members.end();) {
        auto const end = std::find_if(
            run, members.end(), [&](std::int32_t member) { return place(member) != place(*run); });
        if (size + (end - run) > largest_group) {
            part = *run;
            size = 0;
            ++parts;
        }
        size += end - run;
        for (; run != end; ++run) {
            groups[static_cast<std::size_t>(*run)] = part;
        }
    }
    return parts;
}

std::map<std::int32_t, std::vector<std::int32_t>> members_of(Groups const& groups) {
    std::map<std::int32_t, std::vector<std::int32_t>> members;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        members[groups[i]].push_back(static_cast<std::int32_t>(i));
    }
    return members;
}

/// The places that ids tell; an empty one, which overlaps nothing, where they tell none.
std::vector<GenomeRegion> places_in_ids(Examples const& examples) {
    std::vector<GenomeRegion> places;
    for (LabelledExample const& each : examples) {
        auto const told = record_coordinates(each.id);
        places.push_back(told ? GenomeRegion{told->sequence, told->first, told->last}
                              : GenomeRegion{"", 0, 0});
    }
    return places;
}

/// What may not be cut: examples whose places overlap.
Groups overlapping_places(Examples const& examples, Loci loci) {
    DisjointGroups joined(static_cast<std::int32_t>(examples.size()));
    if (loci.empty()) {
        join_overlapping(joined, places_in_ids(examples));
    } else {
        join_overlapping(joined, loci);
    }
    return joined.groups();
}

}  // namespace

GroupBy group_by_called(std::string_view name) {
    for (auto const& [known, group_by] : {std::pair{"locus", GroupBy::locus},
                                          {"cluster", GroupBy::cluster},
                                          {"contig", GroupBy::contig},
                                          {"none", GroupBy::none}}) {
        if (name == known) {
            return group_by;
        }
    }
    throw Error("--group-by " + std::string(name) +
                " is unknown; use locus, cluster, contig or none");
}

GroupReport assign_groups(std::vector<LabelledExample>& examples, GroupBy group_by,
                          std::span<GenomeRegion const> loci) {
    DNAGPT_EXPECT(loci.empty() || loci.size() == examples.size());
    Groups groups = groups_by(examples, group_by, loci);
    Groups const places = overlapping_places(examples, loci);
    GroupReport report;
    for (auto& [number, members] : members_of(groups)) {
        auto const size = static_cast<std::int64_t>(members.size());
        report.largest = std::max(report.largest, size);
        bool const cut = group_by == GroupBy::cluster && size > largest_group;
        report.cut_groups += cut ? 1 : 0;
        report.groups += cut ? cut_group(groups, std::move(members), places) : 1;
    }
    for (std::size_t i = 0; i < examples.size(); ++i) {
        examples[i].group = groups[i];
    }
    return report;
}

}  // namespace dnagpt
