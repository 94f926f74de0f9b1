#include "dnagpt/data/shard_builder.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/hash.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/data/token_shard.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"

namespace dnagpt {
namespace {

/// Raised whenever the same input is cut or packed differently, so that a folder never holds both.
constexpr int rules_version = 1;

/// One shard to be made, or to be kept as it is.
struct PlannedShard {
    ShardInfo info;
    std::vector<ShardContig> contigs;
    bool kept = false;
};

/// Digest of everything besides the files that decides the shards' bytes.
std::string settings_digest(SpeciesEntry const& entry, BuildSettings const& settings) {
    std::string text = fmt::format(
        "{}|{}|{}|{}|{}|{}|{:.17g}|{:.17g}|{}|{}|{}|{}", shard_format_version, rules_version,
        entry.name, entry.token, entry.assembly, fmt::join(entry.contigs, ","),
        settings.splits.validation_fraction, settings.splits.test_fraction,
        fmt::join(entry.exclude_contigs, ","), fmt::join(settings.splits.validation_contigs, ","),
        fmt::join(settings.splits.test_contigs, ","), settings.words_per_shard);
    for (BedRegion const& region : settings.splits.exclude) {
        text += fmt::format("|{}:{}-{}", region.name, region.range.begin, region.range.end);
    }
    return hash_to_hex(hash_text(text));
}

std::string shard_path(BuildSettings const& settings, ShardInfo const& info) {
    return (std::filesystem::path(settings.folder) /
            shard_file_name(info.species, info.split, info.index))
        .string();
}

/// The head of a finished shard; nothing when it is not there or no longer whole.
std::optional<ShardInfo> finished_shard(std::string const& path) {
    if (!std::filesystem::exists(path)) {
        return std::nullopt;
    }
    try {
        return read_shard_info(path);
    } catch (Error const& error) {
        log_warning(fmt::format("{}; it is made again", error.what()));
        return std::nullopt;
    }
}

/// Whether the shard is there, made of the same sources with the same settings. Another one is
/// removed or refused.
bool keeps_shard(BuildSettings const& settings, ShardInfo const& wanted, ShardInfo* found) {
    std::string const path = shard_path(settings, wanted);
    auto const info = finished_shard(path);
    if (!info) {
        return false;
    }
    bool const same = info->species == wanted.species && info->split == wanted.split &&
                      info->index == wanted.index &&
                      info->source_checksum == wanted.source_checksum &&
                      info->settings == wanted.settings;
    DNAGPT_VALIDATE(same || settings.replace,
                    << path << " was made of other sequence or with other settings; give another "
                    << "--output, or --replace to make it again");
    if (same && found != nullptr) {
        *found = *info;
    }
    return same;
}

/// The shards that follow the `count` ones of a split: left by a run with other settings.
std::vector<std::string> stale_shards(BuildSettings const& settings, ShardInfo info, Split split,
                                      std::int64_t count) {
    info.split = split;
    info.index = count;
    std::vector<std::string> paths;
    for (std::string path = shard_path(settings, info); std::filesystem::exists(path);
         path = shard_path(settings, info)) {
        paths.push_back(path);
        ++info.index;
    }
    return paths;
}

/// Shards of an earlier run must not stay beside the present ones, which hold their bases too.
void remove_stale(BuildSettings const& settings, ShardInfo const& wanted,
                  std::vector<PlannedShard> const& shards) {
    std::array<std::int64_t, split_count> count = {};
    for (PlannedShard const& shard : shards) {
        ++count[static_cast<std::size_t>(shard.info.split)];
    }
    for (int s = 0; s < split_count; ++s) {
        auto const split = static_cast<Split>(s);
        for (std::string const& path :
             stale_shards(settings, wanted, split, count[static_cast<std::size_t>(s)])) {
            DNAGPT_VALIDATE(settings.replace,
                            << path << " is left of a run with other sequence or settings; give "
                            << "another --output, or --replace to remove it");
            std::error_code error;
            std::filesystem::remove(path, error);
            DNAGPT_VALIDATE(!error, << path << " cannot be removed (" << error.message()
                                    << "); remove it, or give another --output");
        }
    }
}

/// The report when nothing is left to be done.
std::optional<BuildReport> all_kept(BuildSettings const& settings, ShardInfo wanted) {
    BuildReport report;
    report.kept = true;
    std::array<bool, split_count> const has_shards = {
        true,
        settings.splits.validation_fraction > 0 || !settings.splits.validation_contigs.empty(),
        settings.splits.test_fraction > 0 || !settings.splits.test_contigs.empty()};
    for (int s = 0; s < split_count; ++s) {
        wanted.split = static_cast<Split>(s);
        std::int64_t count = has_shards[static_cast<std::size_t>(s)] ? 1 : 0;
        for (wanted.index = 0; wanted.index < count; ++wanted.index) {
            ShardInfo found;
            if (!keeps_shard(settings, wanted, &found)) {
                return std::nullopt;
            }
            count = found.count;
            report.bases[s] += found.bases;
            ++report.shards;
        }
        if (!stale_shards(settings, wanted, wanted.split, count).empty()) {
            return std::nullopt;
        }
    }
    return report;
}

/// Spreads the contigs of a plan over shards, in source order.
std::vector<PlannedShard> lay_out(GenomeScan const& scan, SplitPlan const& plan,
                                  ShardInfo const& wanted, std::int64_t words_per_shard,
                                  std::vector<std::size_t>& shard_of_contig) {
    std::vector<PlannedShard> shards;
    std::array<std::int64_t, split_count> open = {-1, -1, -1};
    std::array<std::int64_t, split_count> count = {};
    std::array<std::int64_t, split_count> words = {};
    for (PlannedContig const& contig : plan.contigs) {
        auto const s = static_cast<std::size_t>(contig.split);
        std::int64_t const needed = words_of(contig.length);
        if (open[s] < 0 || words[s] + needed > words_per_shard) {
            open[s] = static_cast<std::int64_t>(shards.size());
            words[s] = 0;
            shards.push_back({wanted, {}, false});
            shards.back().info.split = contig.split;
            shards.back().info.index = count[s]++;
        }
        PlannedShard& shard = shards[static_cast<std::size_t>(open[s])];
        std::string const& name = scan.records[static_cast<std::size_t>(contig.record)].name;
        shard.contigs.push_back({name, words[s], contig.length, contig.begin});
        shard.info.bases += contig.length;
        words[s] += needed;
        shard_of_contig.push_back(static_cast<std::size_t>(open[s]));
    }
    for (PlannedShard& shard : shards) {
        shard.info.count = count[static_cast<std::size_t>(shard.info.split)];
    }
    return shards;
}

constexpr std::int64_t longest_contig = std::int64_t{1} << 20;

/// The planned contigs' bases become words.
class ShardFiller {
  public:
    ShardFiller(BuildSettings const& settings, BaseSpool const& spool,
                std::vector<PlannedShard>& shards)
        : settings_(settings), spool_(spool), shards_(shards), writers_(shards.size()) {
        for (PlannedShard const& shard : shards) {
            left_.push_back(shard.contigs.size());
        }
    }

    /// Appends `length` bases, from number `first` of the spool, to the shard: its next contig.
    void append(std::size_t index, std::int64_t first, std::int64_t length) {
        PlannedShard const& shard = shards_[index];
        if (shard.kept) {
            return;
        }
        DNAGPT_EXPECT(length <= longest_contig);
        codes_.resize(static_cast<std::size_t>(length));
        spool_.read(first, codes_);
        if (!writers_[index]) {
            writers_[index] = std::make_unique<ShardWriter>(shard_path(settings_, shard.info),
                                                            shard.info, shard.contigs);
        }
        writers_[index]->append(pack_words_filled(codes_));
        if (--left_[index] == 0) {
            writers_[index]->finish();
            writers_[index].reset();
        }
    }

  private:
    BuildSettings const& settings_;
    BaseSpool const& spool_;
    std::vector<PlannedShard>& shards_;
    std::vector<std::size_t> left_;
    std::vector<std::unique_ptr<ShardWriter>> writers_;
    std::vector<std::uint8_t> codes_;
};

/// `progress` gets `bytes` in all.
void fill_shards(GenomeScan const& scan, SplitPlan const& plan,
                 std::span<std::size_t const> shard_of_contig, ShardFiller& filler,
                 std::int64_t bytes, ReadingProgress const& progress) {
    double const contigs = static_cast<double>(plan.contigs.size());
    std::uint64_t told = 0;
    for (std::size_t i = 0; i < plan.contigs.size(); ++i) {
        PlannedContig const& contig = plan.contigs[i];
        auto const record = static_cast<std::size_t>(contig.record);
        filler.append(shard_of_contig[i], scan.first_bases[record] + contig.begin, contig.length);
        auto const done = static_cast<std::uint64_t>(static_cast<double>(bytes) *
                                                     (static_cast<double>(i + 1) / contigs));
        progress(done - told);
        told = done;
    }
}

std::string left_out_line(GenomeScan const& scan, SplitPlan const& plan) {
    std::vector<std::string> parts;
    if (scan.left_out_records > 0) {
        parts.push_back(fmt::format("{} records ({} bp) by name or description, such as {}",
                                    format_count(static_cast<std::uint64_t>(scan.left_out_records)),
                                    format_count(static_cast<std::uint64_t>(scan.left_out_bases)),
                                    fmt::join(scan.left_out_examples, ", ")));
    }
    if (scan.empty_records > 0) {
        parts.push_back(fmt::format("{} records without sequence", scan.empty_records));
    }
    if (plan.gap_bases > 0) {
        parts.push_back(fmt::format("{} bp in runs of N",
                                    format_count(static_cast<std::uint64_t>(plan.gap_bases))));
    }
    if (plan.excluded_bases > 0) {
        parts.push_back(fmt::format("{} bp in excluded regions",
                                    format_count(static_cast<std::uint64_t>(plan.excluded_bases))));
    }
    return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace

BuildReport build_shards(SpeciesFiles const& species, BuildSettings const& settings,
                         ReadingProgress const& progress) {
    SpeciesEntry const& entry = species.entry;
    ShardInfo wanted;
    wanted.species = entry.name;
    wanted.species_token = entry.token;
    wanted.assembly = entry.assembly;
    wanted.source_checksum = source_checksum(species.files, progress);
    wanted.settings = settings_digest(entry, settings);
    wanted.program_version = settings.program_version;
    if (auto const report = all_kept(settings, wanted)) {
        progress(2 * static_cast<std::uint64_t>(species.bytes));
        return *report;
    }
    BaseSpool spool(settings.folder);
    GenomeScan const scan = scan_genome(species, spool, progress);
    SplitPlan const plan = plan_splits(entry.name, scan.records, scan.groups, settings.splits);
    std::vector<std::size_t> shard_of_contig;
    auto shards = lay_out(scan, plan, wanted, settings.words_per_shard, shard_of_contig);
    BuildReport report;
    for (PlannedShard& shard : shards) {
        shard.kept = keeps_shard(settings, shard.info, nullptr);
        report.bases[static_cast<std::size_t>(shard.info.split)] += shard.info.bases;
        ++report.shards;
    }
    remove_stale(settings, wanted, shards);
    ShardFiller filler(settings, spool, shards);
    fill_shards(scan, plan, shard_of_contig, filler, species.bytes, progress);
    report.matched_names = plan.matched_names;
    report.matched_regions = plan.matched_regions;
    report.left_out = left_out_line(scan, plan);
    return report;
}

}  // namespace dnagpt
