#include "dnagpt/data/splits.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/hash.hpp"
#include "dnagpt/core/parse_number.hpp"
#include "dnagpt/data/short_records.hpp"
#include "dnagpt/genome/vocabulary.hpp"
#include "dnagpt/io/durable_file.hpp"

namespace dnagpt {
namespace {

constexpr std::array<std::string_view, split_count> split_names = {"train", "validation", "test"};
constexpr std::int64_t longest_block = 1'000'000;
constexpr std::int64_t shortest_block = 16'000;
constexpr std::int64_t blocks_per_species = 200;

struct Block {
    std::uint64_t hash = ~std::uint64_t{0};
    std::int64_t bases = 0;
    Split split = Split::train;
    bool named = false;
};

struct Planner {
    std::string const& species;
    std::span<SourceRecord const> records;
    std::span<std::int32_t const> groups;
    SplitSettings const& settings;
    std::map<std::string, std::vector<BaseRange>> excluded;
    std::vector<Block> blocks;
    std::map<std::int32_t, std::int32_t> group_blocks;
    SplitPlan plan;
};

std::int64_t total_length(std::span<BaseRange const> ranges) {
    std::int64_t length = 0;
    for (BaseRange const& range : ranges) {
        length += range.end - range.begin;
    }
    return length;
}

/// Ascending, without overlaps, cut to [0, length).
std::vector<BaseRange> merged(std::vector<BaseRange> ranges, std::int64_t length) {
    std::sort(ranges.begin(), ranges.end(),
              [](BaseRange const& a, BaseRange const& b) { return a.begin < b.begin; });
    std::vector<BaseRange> result;
    for (BaseRange range : ranges) {
        range = {std::max<std::int64_t>(0, range.begin), std::min(length, range.end)};
        if (range.begin >= range.end) {
            continue;
        }
        if (!result.empty() && range.begin <= result.back().end) {
            result.back().end = std::max(result.back().end, range.end);
        } else {
            result.push_back(range);
        }
    }
    return result;
}

/// The excluded regions in a record's own coordinates: by its name, or by those in its name.
std::vector<BaseRange> excluded_ranges(Planner& planner, SourceRecord const& record) {
    std::vector<BaseRange> ranges;
    if (auto const found = planner.excluded.find(record.name); found != planner.excluded.end()) {
        planner.plan.matched_regions.insert(found->first);
        ranges = found->second;
    }
    auto const coordinates = record_coordinates(record.name);
    if (!coordinates) {
        return ranges;
    }
    auto const found = planner.excluded.find(coordinates->sequence);
    if (found != planner.excluded.end()) {
        planner.plan.matched_regions.insert(found->first);
        bool const from_one = coordinates->last - coordinates->first + 1 == record.length;
        std::int64_t const start = coordinates->first - (from_one ? 1 : 0);
        for (BaseRange const& range : found->second) {
            BaseRange const inside = {range.begin - start, range.end - start};
            ranges.push_back(coordinates->reverse ? BaseRange{record.length - inside.end,
                                                              record.length - inside.begin}
                                                  : inside);
        }
    }
    return ranges;
}

bool name_matches(Planner& planner, std::vector<std::string> const& patterns,
                  std::string const& name) {
    std::string const full = fmt::format("{}/{}", planner.species, name);
    bool matches = false;
    for (std::string const& pattern : patterns) {
        if (fnmatch(pattern.c_str(), name.c_str(), 0) == 0 ||
            fnmatch(pattern.c_str(), full.c_str(), 0) == 0) {
            matches = true;
            planner.plan.matched_names.insert(pattern);
        }
    }
    return matches;
}

/// The number of a record's first block; makes its blocks.
std::int32_t open_blocks(Planner& planner, std::int32_t index) {
    SourceRecord const& record = planner.records[static_cast<std::size_t>(index)];
    std::int64_t const length = planner.plan.block_length;
    bool const is_short = record.length < short_record_bases;
    auto const next = static_cast<std::int32_t>(planner.blocks.size());
    std::int32_t first = next;
    if (is_short) {
        std::int32_t const group = planner.groups[static_cast<std::size_t>(index)];
        first = planner.group_blocks.try_emplace(group, next).first->second;
    }
    std::int64_t const count = is_short ? 1 : (record.length + length - 1) / length;
    planner.blocks.resize(
        std::max<std::size_t>(planner.blocks.size(), static_cast<std::size_t>(first + count)));
    bool const test = name_matches(planner, planner.settings.test_contigs, record.name);
    bool const validation = name_matches(planner, planner.settings.validation_contigs, record.name);
    DNAGPT_VALIDATE(!(test && validation), << planner.species << ": '" << record.name
                                           << "' is named for validation and "
                                           << "for test; name it once");
    std::uint64_t const key = hash_text(record.name, hash_text(planner.species));
    for (std::int64_t i = 0; i < count; ++i) {
        Block& block = planner.blocks[static_cast<std::size_t>(first + i)];
        block.hash = std::min(block.hash, hash_bytes(&i, sizeof(i), key));
        if (test || validation) {
            Split const split = test ? Split::test : Split::validation;
            DNAGPT_VALIDATE(!block.named || block.split == split,
                            << planner.species << ": '" << record.name << "' is named for "
                            << split_name(split) << ", but a record that shares sequence with it "
                            << "is named for the other split; name both for one split");
            block.named = true;
            block.split = split;
        }
    }
    return first;
}

void add_contigs(Planner& planner, std::int32_t index, std::int32_t first_block, BaseRange range) {
    bool const is_short =
        planner.records[static_cast<std::size_t>(index)].length < short_record_bases;
    std::int64_t const length = planner.plan.block_length;
    while (range.begin < range.end) {
        std::int64_t const number = is_short ? 0 : range.begin / length;
        std::int64_t const end = is_short ? range.end : std::min(range.end, (number + 1) * length);
        if (end - range.begin >= bases_per_word) {
            auto const block = static_cast<std::int32_t>(first_block + number);
            planner.plan.contigs.push_back(
                {index, range.begin, end - range.begin, block, Split::train});
            planner.blocks[static_cast<std::size_t>(block)].bases += end - range.begin;
        }
        range.begin = end;
    }
}

void plan_record(Planner& planner, std::int32_t index) {
    SourceRecord const& record = planner.records[static_cast<std::size_t>(index)];
    auto const gaps = merged(record.gaps, record.length);
    auto cuts = excluded_ranges(planner, record);
    cuts.insert(cuts.end(), gaps.begin(), gaps.end());
    cuts = merged(std::move(cuts), record.length);
    planner.plan.gap_bases += total_length(gaps);
    planner.plan.excluded_bases += total_length(cuts) - total_length(gaps);
    std::int32_t const first_block = open_blocks(planner, index);
    std::int64_t begin = 0;
    for (BaseRange const& cut : cuts) {
        add_contigs(planner, index, first_block, {begin, cut.begin});
        begin = cut.end;
    }
    add_contigs(planner, index, first_block, {begin, record.length});
}

/// Gives blocks to `split` until its share is reached.
void fill_split(Planner& planner, std::span<std::size_t const> order, Split split, double fraction,
                std::int64_t all_bases) {
    bool const by_name =
        std::any_of(planner.blocks.begin(), planner.blocks.end(),
                    [&](Block const& block) { return block.named && block.split == split; });
    if (by_name || fraction <= 0) {
        return;
    }
    double const wanted = fraction * static_cast<double>(all_bases);
    double const limit = std::max(wanted, static_cast<double>(planner.plan.block_length));
    std::int64_t taken = 0;
    Block* smallest = nullptr;
    for (std::size_t const index : order) {
        Block& block = planner.blocks[index];
        if (block.named || block.split != Split::train || block.bases == 0) {
            continue;
        }
        if (smallest == nullptr || block.bases < smallest->bases) {
            smallest = &block;
        }
        bool const fits = static_cast<double>(block.bases) <= limit;
        if (fits && (taken == 0 || static_cast<double>(taken) < wanted)) {
            block.split = split;
            taken += block.bases;
        }
    }
    if (taken == 0 && smallest != nullptr) {
        smallest->split = split;
    }
}

void fill_splits(Planner& planner) {
    std::vector<std::size_t> order(planner.blocks.size());
    std::int64_t all_bases = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = i;
        all_bases += planner.blocks[i].bases;
    }
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return std::pair(planner.blocks[a].hash, a) < std::pair(planner.blocks[b].hash, b);
    });
    fill_split(planner, order, Split::test, planner.settings.test_fraction, all_bases);
    fill_split(planner, order, Split::validation, planner.settings.validation_fraction, all_bases);
}

void check_splits(Planner const& planner) {
    std::array<std::int64_t, split_count> bases = {};
    for (Block const& block : planner.blocks) {
        bases[static_cast<std::size_t>(block.split)] += block.bases;
    }
    std::array<double, split_count> const wanted = {1, planner.settings.validation_fraction,
                                                    planner.settings.test_fraction};
    for (std::size_t s = 0; s < split_count; ++s) {
        DNAGPT_VALIDATE(bases[s] > 0 || wanted[s] <= 0,
                        << planner.species << ": nothing is left for " << split_names[s] << " ("
                        << planner.blocks.size() << " blocks of at most "
                        << planner.plan.block_length
                        << " bp); give more sequence, other fractions or other contigs");
    }
}

}  // namespace

std::string_view split_name(Split split) {
    return split_names[static_cast<std::size_t>(split)];
}

Split split_called(std::string_view name) {
    auto const found = std::find(split_names.begin(), split_names.end(), name);
    DNAGPT_VALIDATE(found != split_names.end(),
                    << "'" << name << "' is no split; use train, validation or test");
    return static_cast<Split>(found - split_names.begin());
}

std::vector<BedRegion> read_bed(std::string const& path) {
    std::string const text = read_text(path);
    std::vector<BedRegion> regions;
    std::size_t number = 0;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t const end = std::min(text.find('\n', at), text.size());
        std::string_view const line(text.data() + at, end - at);
        at = end + 1;
        ++number;
        if (line.empty() || line == "\r" || line[0] == '#' || line.starts_with("track") ||
            line.starts_with("browser")) {
            continue;
        }
        std::size_t const first = line.find_first_of("\t ");
        std::size_t const second = std::min(line.find_first_of("\t ", first + 1), line.size());
        std::size_t const third = std::min(line.find_first_of("\t \r", second + 1), line.size());
        bool const has_three = first != line.npos && second < line.size();
        auto const field = [&](std::size_t from, std::size_t to) {
            return has_three ? parse_whole_number(line.substr(from + 1, to - from - 1))
                             : std::nullopt;
        };
        auto const begin = field(first, second);
        auto const end_base = field(second, third);
        DNAGPT_VALIDATE(begin && end_base && *end_base > *begin,
                        << path << ":" << number << " is no BED line (name, begin and end, "
                        << "separated by tabs, begin below end); correct it");
        regions.push_back({std::string(line.substr(0, first)), {*begin, *end_base}});
    }
    return regions;
}

std::int64_t split_block_length(std::int64_t species_length) {
    return std::clamp(species_length / blocks_per_species, shortest_block, longest_block);
}

SplitPlan plan_splits(std::string const& species, std::span<SourceRecord const> records,
                      std::span<std::int32_t const> groups, SplitSettings const& settings) {
    DNAGPT_EXPECT(groups.size() == records.size());
    Planner planner{species, records, groups, settings, {}, {}, {}, {}};
    for (BedRegion const& region : settings.exclude) {
        planner.excluded[region.name].push_back(region.range);
    }
    std::int64_t length = 0;
    for (SourceRecord const& record : records) {
        length += record.length - total_length(record.gaps);
    }
    planner.plan.block_length = split_block_length(length);
    for (std::size_t i = 0; i < records.size(); ++i) {
        plan_record(planner, static_cast<std::int32_t>(i));
    }
    fill_splits(planner);
    check_splits(planner);
    for (PlannedContig& contig : planner.plan.contigs) {
        contig.split = planner.blocks[static_cast<std::size_t>(contig.block)].split;
    }
    planner.plan.blocks = static_cast<std::int64_t>(planner.blocks.size());
    return std::move(planner.plan);
}

}  // namespace dnagpt
