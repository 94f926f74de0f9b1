#include "dnagpt/data/pretrain_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/hash.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"

namespace dnagpt {
namespace {

std::int64_t index_at(std::vector<std::int64_t> const& starts, std::int64_t place) {
    return std::upper_bound(starts.begin(), starts.end(), place) - starts.begin() - 1;
}

/// The folder's shards whose names say this split, ordered by name.
std::vector<std::string> shard_paths(std::string const& folder, Split split) {
    std::string const middle = fmt::format(".{}.", split_name(split));
    std::vector<std::string> paths;
    for (std::string const& path : shard_files(folder)) {
        if (std::filesystem::path(path).filename().string().find(middle) != std::string::npos) {
            paths.push_back(path);
        }
    }
    DNAGPT_VALIDATE(!paths.empty(), << folder << " holds no " << split_name(split) << " shard (no *"
                                    << middle << "*.h5); run `dnagpt-prep shard` first");
    return paths;
}

void check_complete(std::vector<TokenShard> const& shards) {
    ShardInfo const& first = shards.front().info();
    for (std::size_t i = 0; i < shards.size(); ++i) {
        ShardInfo const& info = shards[i].info();
        DNAGPT_VALIDATE(
            info.index == static_cast<std::int64_t>(i) && info.count == first.count &&
                info.source_checksum == first.source_checksum && info.settings == first.settings,
            << shards[i].path() << " does not continue the shards before it (shard " << info.index
            << " of " << info.count << "); the folder mixes two runs: shard into an empty folder");
    }
    DNAGPT_VALIDATE(
        static_cast<std::int64_t>(shards.size()) == first.count,
        << first.species << ": " << shards.size() << " of " << first.count << " "
        << split_name(first.split)
        << " shards are there; run `dnagpt-prep shard` again, it makes what is missing");
}

}  // namespace

SpeciesData::SpeciesData(std::vector<TokenShard> shards) : shards_(std::move(shards)) {
    std::int64_t words = 0;
    std::int64_t bases = 0;
    for (TokenShard const& shard : shards_) {
        shard_starts_.push_back(words);
        for (ShardContig const& contig : shard.contigs()) {
            contig_starts_.push_back(bases);
            contig_words_.push_back(words + contig.first_token);
            bases += contig.length;
        }
        words += shard.words();
    }
    shard_starts_.push_back(words);
    contig_starts_.push_back(bases);
}

std::int64_t SpeciesData::contig_at(std::int64_t place) const {
    DNAGPT_EXPECT(place >= 0 && place < bases());
    return index_at(contig_starts_, place);
}

void SpeciesData::read_words(std::int64_t first, std::span<std::uint16_t> words) const {
    while (!words.empty()) {
        std::int64_t const shard = index_at(shard_starts_, first);
        DNAGPT_EXPECT(shard >= 0 && shard < static_cast<std::int64_t>(shards_.size()));
        std::int64_t const take = std::min<std::int64_t>(static_cast<std::int64_t>(words.size()),
                                                         shard_starts_[shard + 1] - first);
        shards_[shard].read_words(first - shard_starts_[shard], words.first(take));
        words = words.subspan(take);
        first += take;
    }
}

void SpeciesData::read_bases(std::int64_t contig, std::int64_t begin,
                             std::span<std::uint8_t> codes) const {
    auto const count = static_cast<std::int64_t>(codes.size());
    DNAGPT_EXPECT(begin >= 0 && begin + count <= contig_length(contig));
    constexpr std::int64_t piece_words = 1024;
    std::array<std::uint16_t, piece_words> words;
    std::array<std::uint8_t, piece_words * bases_per_word> bases;
    for (std::int64_t done = 0; done < count;) {
        std::int64_t const word = (begin + done) / bases_per_word;
        std::int64_t const skip = (begin + done) % bases_per_word;
        std::int64_t const wanted = std::min(piece_words, words_of(skip + count - done));
        std::span const piece(words.data(), static_cast<std::size_t>(wanted));
        read_words(contig_words_[contig] + word, piece);
        unpack_words(piece, std::span(bases.data(), piece.size() * bases_per_word));
        std::int64_t const take = std::min(count - done, wanted * bases_per_word - skip);
        std::copy_n(bases.begin() + skip, take, codes.begin() + done);
        done += take;
    }
}

PretrainData::PretrainData(std::string const& folder, Split split, ShardCheck check)
    : split_(split) {
    std::map<std::string, std::vector<TokenShard>> by_species;
    std::vector<std::string> const paths = shard_paths(folder, split);
    Progress progress(fmt::format("verifying {} shards", split_name(split)), "shards",
                      paths.size());
    for (std::string const& path : paths) {
        TokenShard shard(path, check);
        progress.advance(1);
        if (shard.info().split == split) {
            std::string const species = shard.info().species;
            by_species[species].push_back(std::move(shard));
        }
    }
    for (auto& [species, shards] : by_species) {
        std::sort(shards.begin(), shards.end(), [](TokenShard const& a, TokenShard const& b) {
            return a.info().index < b.info().index;
        });
        check_complete(shards);
        species_.emplace_back(std::move(shards));
    }
    DNAGPT_VALIDATE(!species_.empty(), << folder << " holds no " << split_name(split)
                                       << " shard; run `dnagpt-prep shard` first");
}

std::int32_t PretrainData::species_index(std::string const& name) const {
    for (std::size_t i = 0; i < species_.size(); ++i) {
        if (species_[i].name() == name) {
            return static_cast<std::int32_t>(i);
        }
    }
    return -1;
}

std::int64_t PretrainData::bases() const {
    std::int64_t sum = 0;
    for (SpeciesData const& species : species_) {
        sum += species.bases();
    }
    return sum;
}

std::int64_t PretrainData::words() const {
    std::int64_t sum = 0;
    for (SpeciesData const& species : species_) {
        sum += species.words();
    }
    return sum;
}

std::uint64_t PretrainData::digest() const {
    std::vector<std::uint64_t> digests;
    for (SpeciesData const& species : species_) {
        for (TokenShard const& shard : species.shards()) {
            digests.push_back(shard.digest());
        }
    }
    return hash_bytes(digests.data(), digests.size() * sizeof(digests[0]));
}

void require_same_source(PretrainData const& a, PretrainData const& b) {
    for (SpeciesData const& species : b.species()) {
        std::int32_t const index = a.species_index(species.name());
        if (index < 0) {
            continue;
        }
        TokenShard const& one = a.species()[static_cast<std::size_t>(index)].shards().front();
        TokenShard const& other = species.shards().front();
        DNAGPT_VALIDATE(one.info().source_checksum == other.info().source_checksum &&
                            one.info().settings == other.info().settings,
                        << one.path() << " and " << other.path() << " were not made together "
                        << "(other sequence or settings: the splits may overlap); run "
                        << "`dnagpt-prep shard --replace` for the folder");
    }
}

void PretrainData::verify_unchanged() const {
    for (SpeciesData const& species : species_) {
        for (TokenShard const& shard : species.shards()) {
            shard.verify_unchanged();
        }
    }
}

}  // namespace dnagpt
