#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "dnagpt/data/genome_scan.hpp"
#include "dnagpt/data/splits.hpp"
#include "dnagpt/data/token_shard.hpp"

namespace dnagpt {

/// What building the shards of one species needs to know.
struct BuildSettings {
    std::string folder;  ///< where the shards go
    SplitSettings splits;
    std::string program_version;
    /// Shards of other sources or settings are replaced or removed instead of refused.
    bool replace = false;
    /// Words of a shard at most; smaller in tests.
    std::int64_t words_per_shard = shard_words;
};

/// What became of a species.
struct BuildReport {
    bool kept = false;  ///< all shards were there already
    std::int64_t shards = 0;
    std::int64_t bases[split_count] = {};
    /// Names for validation and test that match a record; not known when all was kept.
    std::set<std::string> matched_names;
    /// Names of excluded regions that a record has; not known when all was kept.
    std::set<std::string> matched_regions;
    std::string left_out;  ///< one line for people, empty: nothing
};

/// Makes the shards of one species: `<species>.<split>.<number>.h5`. A finished shard of the same
/// sources and settings is kept, a half-written one is made again. The bytes depend on sources,
/// settings and program version only. `progress` gets three times the files' bytes: for
/// their checksum, their bases and the words. The bases stay in a spool file in the folder
/// meanwhile.
BuildReport build_shards(SpeciesFiles const& species, BuildSettings const& settings,
                         ReadingProgress const& progress);

}  // namespace dnagpt
