#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "dnagpt/core/random.hpp"
#include "dnagpt/data/token_shard.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"

namespace dnagpt::testing {

/// A folder of this process that goes away with the object.
class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "dnagpt_XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(TemporaryFolder const&) = delete;
    TemporaryFolder& operator=(TemporaryFolder const&) = delete;

    std::string const& path() const { return path_; }
    std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }
    void write(std::string_view name, std::string_view text) const {
        std::ofstream(file(name), std::ios::binary) << text;
    }

  private:
    std::string path_;
};

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

/// Random letters, the same ones for the same seed.
inline std::string random_bases(std::int64_t length, std::uint64_t seed) {
    std::string text;
    for (std::int64_t i = 0; i < length; ++i) {
        text += "ACGT"[random_below(random_key({seed}), static_cast<std::uint64_t>(i), 4)];
    }
    return text;
}

}  // namespace dnagpt::testing
