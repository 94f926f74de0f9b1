#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dnagpt/data/splits.hpp"
#include "dnagpt/data/token_shard.hpp"

namespace dnagpt {

/// One species' split: its contigs end to end are one line of bases.
class SpeciesData {
  public:
    /// Shards 0 .. n - 1 of one species and split.
    explicit SpeciesData(std::vector<TokenShard> shards);

    std::string const& name() const { return shards_.front().info().species; }
    char token() const { return shards_.front().info().species_token; }
    /// Bases of the line, words of the shards (with the filled ones).
    std::int64_t bases() const { return contig_starts_.back(); }
    std::int64_t words() const { return shard_starts_.back(); }
    std::int64_t contigs() const { return static_cast<std::int64_t>(contig_words_.size()); }
    /// Bases of a contig, its place on the line, and the number of its first word.
    std::int64_t contig_length(std::int64_t contig) const {
        return contig_starts_[contig + 1] - contig_starts_[contig];
    }
    std::int64_t contig_start(std::int64_t contig) const { return contig_starts_[contig]; }
    std::int64_t contig_first_word(std::int64_t contig) const { return contig_words_[contig]; }
    /// The contig that holds base `place` of the line.
    std::int64_t contig_at(std::int64_t place) const;

    std::vector<TokenShard> const& shards() const { return shards_; }
    /// Words `first` on of the shards laid end to end.
    void read_words(std::int64_t first, std::span<std::uint16_t> words) const;
    /// Base codes of a contig from its base `begin` on.
    void read_bases(std::int64_t contig, std::int64_t begin, std::span<std::uint8_t> codes) const;

  private:
    std::vector<TokenShard> shards_;
    std::vector<std::int64_t> shard_starts_;   // words, one more than shards
    std::vector<std::int64_t> contig_starts_;  // bases, one more than contigs
    std::vector<std::int64_t> contig_words_;
};

/// All species of a folder of shards, one split, ordered by name. Reading is safe from any thread.
class PretrainData {
  public:
    /// Opens and verifies every shard of `split`. Errors: no shard, a missing one, damage.
    PretrainData(std::string const& folder, Split split, ShardCheck check = ShardCheck::all);

    Split split() const { return split_; }
    std::vector<SpeciesData> const& species() const { return species_; }
    /// Index of a species; -1 for an unknown name.
    std::int32_t species_index(std::string const& name) const;
    std::int64_t bases() const;
    std::int64_t words() const;
    /// One number for all bytes of all shards: the data's identity in a checkpoint.
    std::uint64_t digest() const;
    /// Error naming the shard that has changed on the disk since it was opened.
    void verify_unchanged() const;

  private:
    Split split_;
    std::vector<SpeciesData> species_;
};

/// Error when a species' shards of two splits were made of other sequence or with other settings:
/// such splits may overlap.
void require_same_source(PretrainData const& a, PretrainData const& b);

}  // namespace dnagpt
