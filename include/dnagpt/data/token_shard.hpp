#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dnagpt/data/splits.hpp"
#include "dnagpt/io/durable_file.hpp"
#include "dnagpt/io/user_block.hpp"

namespace dnagpt {

inline constexpr std::int64_t shard_format_version = 1;
/// A shard holds at most this many words.
inline constexpr std::int64_t shard_words = std::int64_t{256} << 20;

/// One contig of a shard; its last word is filled up with N.
struct ShardContig {
    std::string name;
    /// Number of its first word in the shard.
    std::int64_t first_token = 0;
    std::int64_t length = 0;        ///< bases
    std::int64_t source_start = 0;  ///< 0-based place of its first base in the source record
};

/// What a shard says about itself.
struct ShardInfo {
    std::string species;
    char species_token = 'R';
    std::string assembly;
    Split split = Split::train;
    /// This shard is number `index` of `count` of its species and split.
    std::int64_t index = 0;
    std::int64_t count = 1;
    /// Digest of the source files, hexadecimal.
    std::string source_checksum;
    /// Digest of all settings that change the bytes, hexadecimal.
    std::string settings;
    std::string program_version;
    std::int64_t bases = 0;

    friend bool operator==(ShardInfo const&, ShardInfo const&) = default;
};

/// `homo_sapiens.train.000.h5`
std::string shard_file_name(std::string const& species, Split split, std::int64_t index);

/// The paths of all shards in `folder`, ordered by name; Error when it cannot be read.
std::vector<std::string> shard_files(std::string const& folder);

/// Number of words of `bases` bases: the last one may be filled up.
std::int64_t words_of(std::int64_t bases);

/// Writes one shard under a temporary name, `<path>.tmp`, and gives it its name when it is
/// whole and on the disk. HDF5 lays the file out; the words go in by plain writes.
class ShardWriter {
  public:
    /// The contigs' first tokens must follow one another without holes.
    ShardWriter(std::string const& path, ShardInfo const& info,
                std::span<ShardContig const> contigs);

    /// Appends words 0 .. 15,624.
    void append(std::span<std::uint16_t const> words);
    /// All words are there: digests, syncs and renames.
    void finish();

  private:
    void flush();

    UnfinishedFile unfinished_;
    FileDescriptor file_;
    std::vector<FileRegion> regions_;
    std::int64_t offset_ = 0;
    std::int64_t words_ = 0;
    std::int64_t written_ = 0;
    std::vector<std::uint16_t> buffer_;
};

/// How much of a shard is verified when it is opened. heads: only what the user block says; for
/// ranks other than the one that verifies all.
enum class ShardCheck : std::uint8_t { all, heads };

/// An open shard. The constructor uses HDF5 (main thread only) and verifies the file; afterwards
/// words come by plain reads, from any thread.
class TokenShard {
  public:
    explicit TokenShard(std::string const& path, ShardCheck check = ShardCheck::all);

    std::string const& path() const { return file_.path(); }
    ShardInfo const& info() const { return info_; }
    std::int64_t words() const { return words_; }
    /// In order of first_token.
    std::vector<ShardContig> const& contigs() const { return contigs_; }
    /// Says which bytes the shard holds; for a checkpoint's data identity.
    std::uint64_t digest() const { return digest_; }

    /// Words `first` on; a file that has become shorter is an Error.
    void read_words(std::int64_t first, std::span<std::uint16_t> words) const;
    /// Error when size, time of change or inode are not what they were at the opening.
    void verify_unchanged() const;

  private:
    struct FileState {
        std::int64_t size = 0;
        std::int64_t changed_seconds = 0;
        std::int64_t changed_nanoseconds = 0;
        std::uint64_t inode = 0;
        friend bool operator==(FileState const&, FileState const&) = default;
    };
    static FileState file_state(std::string const& path);

    ShardInfo info_;
    std::vector<ShardContig> contigs_;
    FileDescriptor file_;
    FileState state_;
    std::int64_t offset_ = 0;
    std::int64_t words_ = 0;
    std::uint64_t digest_ = 0;
};

/// The attributes of a shard, after verifying all of it.
ShardInfo read_shard_info(std::string const& path);

}  // namespace dnagpt
