#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "commands.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/hash.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/data/labelled_set.hpp"
#include "dnagpt/data/token_shard.hpp"
#include "dnagpt/genome/token_category.hpp"
#include "dnagpt/genome/vocabulary.hpp"
#include "inspect_set.hpp"
#include "set_splits.hpp"

namespace dnagpt {
namespace {

constexpr std::int64_t piece_words = std::int64_t{1} << 20;

/// Folders are replaced by the shards in them.
std::vector<std::string> files_of(std::vector<std::string> const& paths) {
    std::vector<std::string> files;
    for (std::string const& path : paths) {
        if (std::filesystem::is_directory(path)) {
            std::vector<std::string> const inside = shard_files(path);
            DNAGPT_VALIDATE(!inside.empty(),
                            << path << " holds no *.h5; give shards or a folder of them");
            files.insert(files.end(), inside.begin(), inside.end());
        } else {
            files.push_back(path);
        }
    }
    return files;
}

/// Bases that are A, C, G or T.
std::int64_t known_bases(TokenShard const& shard) {
    auto const counts = word_counts();
    std::vector<std::uint16_t> words;
    std::int64_t known = 0;
    for (std::int64_t first = 0; first < shard.words(); first += piece_words) {
        words.resize(static_cast<std::size_t>(std::min(piece_words, shard.words() - first)));
        shard.read_words(first, words);
        for (std::uint16_t const word : words) {
            DNAGPT_VALIDATE(word < word_count, << shard.path() << " holds the word number " << word
                                               << " (15,624 is the last); make the shards again");
            known += counts[word].acgt;
        }
    }
    return known;
}

/// is_labelled_set has verified the file.
void print_shard(std::string const& path) {
    TokenShard const shard(path, ShardCheck::heads);
    ShardInfo const& info = shard.info();
    std::int64_t const unknown = info.bases - known_bases(shard);
    fmt::print("{}\n", path);
    fmt::print("  species          {} <{}>{}{}\n", info.species, info.species_token,
               info.assembly.empty() ? "" : ", ", info.assembly);
    fmt::print("  split            {}, shard {} of {}\n", split_name(info.split), info.index + 1,
               info.count);
    fmt::print("  words            {}\n", count_text(shard.words()));
    fmt::print("  bases            {}, {:.3f} % N\n", count_text(info.bases),
               100.0 * static_cast<double>(unknown) / static_cast<double>(info.bases));
    fmt::print("  contigs          {}\n",
               count_text(static_cast<std::int64_t>(shard.contigs().size())));
    fmt::print("  source checksum  {}\n", info.source_checksum);
    fmt::print("  made by          dnagpt-prep {}, settings {}\n", info.program_version,
               info.settings);
    fmt::print("  checksums        ok, digest {}\n", hash_to_hex(shard.digest()));
}

}  // namespace

void inspect_vocabulary(std::string const& name) {
    Vocabulary const vocabulary{vocabulary_kind(name)};
    fmt::print(
        "# numbers, the sixth category (continuous), are read as they are and have no token\n"
        "id\ttext\tcategory\n");
    for (TokenId id = 0; id < vocabulary.size(); ++id) {
        fmt::print("{}\t{}\t{}\n", id, vocabulary.token_text(id), token_category(id, vocabulary));
    }
}

int inspect(std::vector<std::string> const& paths) {
    int exit_code = exit_success;
    for (std::string const& path : files_of(paths)) {
        try {
            if (is_labelled_set(path)) {
                inspect_set(path);
            } else {
                print_shard(path);
            }
        } catch (Error const& error) {
            std::fflush(stdout);
            log_error(error.what());
            exit_code = exit_failure;
        }
    }
    return exit_code;
}

}  // namespace dnagpt
