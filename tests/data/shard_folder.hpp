#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "dnagpt/data/token_shard.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt::testing {

/// Writes one shard whose contigs are the given texts; returns its path.
inline std::string write_shard(TemporaryFolder const& folder, std::string const& species,
                               Split split, std::vector<std::string> const& contigs,
                               char token = 'R', std::int64_t index = 0, std::int64_t count = 1) {
    ShardInfo info;
    info.species = species;
    info.species_token = token;
    info.assembly = "by hand";
    info.split = split;
    info.index = index;
    info.count = count;
    info.source_checksum = "s";
    info.settings = "t";
    info.program_version = "0";
    std::vector<ShardContig> table;
    std::vector<std::uint16_t> words;
    for (std::string const& contig : contigs) {
        auto const packed = pack_words_filled(base_codes(contig));
        table.push_back({fmt::format("contig{}", table.size()),
                         static_cast<std::int64_t>(words.size()),
                         static_cast<std::int64_t>(contig.size()), 0});
        words.insert(words.end(), packed.begin(), packed.end());
        info.bases += static_cast<std::int64_t>(contig.size());
    }
    std::string const path = folder.file(shard_file_name(species, split, index));
    ShardWriter writer(path, info, table);
    writer.append(words);
    writer.finish();
    return path;
}

/// The number of a six-letter word.
inline std::uint16_t word(std::string_view letters) {
    return pack_words_filled(base_codes(letters)).at(0);
}

}  // namespace dnagpt::testing
