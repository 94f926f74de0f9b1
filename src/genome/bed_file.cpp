#include "dnagpt/genome/bed_file.hpp"

#include <algorithm>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/parse_number.hpp"
#include "dnagpt/genome/labelled_text.hpp"
#include "dnagpt/genome/text_lines.hpp"

namespace dnagpt {
namespace {

/// Far behind any contig's end, and far from the end of 64 bits: windows around it can be counted.
constexpr std::int64_t last_place = std::int64_t{1} << 48;

bool is_entry(std::string_view line) {
    return !without_blanks(line).empty() && !line.starts_with('#') && !line.starts_with("track ") &&
           !line.starts_with("browser ");
}

BedEntry entry_of(std::string const& path, std::int64_t row, BedColumns const& columns,
                  std::string_view line) {
    BedEntry entry;
    entry.fields = split_fields(line, '\t');
    entry.row = row;
    DNAGPT_VALIDATE(entry.fields.size() >= columns.count,
                    << path << " row " << row << " has " << entry.fields.size() << " columns ("
                    << columns.names << ", separated by tabs); correct the row");
    auto const begin = parse_whole_number(entry.fields[1]);
    auto const end = parse_whole_number(entry.fields[2]);
    DNAGPT_VALIDATE(begin && end && *begin < *end && *end <= last_place,
                    << path << " row " << row << ": '" << entry.fields[1] << "' and '"
                    << entry.fields[2]
                    << "' are no start and end (0-based, the end behind the entry's last base); "
                       "correct the row");
    DNAGPT_VALIDATE(!entry.fields[0].empty(), << path << " row " << row
                                              << ": the contig is missing; give it, or take the "
                                                 "row out");
    entry.region = {entry.fields[0], *begin, *end};
    return entry;
}

}  // namespace

void for_each_bed_entry(std::string const& path, BedColumns const& columns,
                        std::function<void(BedEntry const&)> const& visit) {
    bool found = false;
    for_each_line(path, [&](std::string_view line, std::int64_t row) {
        if (is_entry(line)) {
            visit(entry_of(path, row, columns, line));
            found = true;
        }
    });
    DNAGPT_VALIDATE(found, << path << " holds no entry; check the file");
}

BedRegions::BedRegions(std::string const& path) {
    for_each_bed_entry(path, {}, [&](BedEntry const& entry) {
        ranges_[entry.region.contig].emplace_back(entry.region.begin, entry.region.end);
    });
    for (auto& [contig, ranges] : ranges_) {
        std::ranges::sort(ranges);
        std::vector<Range> disjoint;
        for (Range const& range : ranges) {
            if (!disjoint.empty() && range.first <= disjoint.back().second) {
                disjoint.back().second = std::max(disjoint.back().second, range.second);
            } else {
                disjoint.push_back(range);
            }
        }
        ranges = std::move(disjoint);
    }
}

std::vector<std::string> BedRegions::contigs() const {
    std::vector<std::string> names;
    for (auto const& [contig, ranges] : ranges_) {
        names.push_back(contig);
    }
    return names;
}

bool BedRegions::overlap(GenomeRegion const& region) const {
    auto const found = ranges_.find(region.contig);
    if (found == ranges_.end()) {
        return false;
    }
    auto const after = std::ranges::upper_bound(found->second, region.begin, {}, &Range::second);
    return after != found->second.end() && after->first < region.end;
}

}  // namespace dnagpt
