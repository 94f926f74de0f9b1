#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dnagpt/io/durable_file.hpp"

namespace dnagpt {

/// The user block is the head of an HDF5 file that HDF5 leaves to its users. Ours carries the
/// digests of the rest, so that damage is found with plain reads before HDF5 sees the file.
/// Layout (docs/file_formats.md), little-endian 64-bit words: magic, version, user block bytes,
/// file bytes, bytes of the map, one XXH3 per block, the map's text, zeros, XXH3 of all before.

/// The rest of the file is digested in blocks of this many bytes, counted from the end of the user
/// block; the last block may be short.
inline constexpr std::int64_t digest_block_bytes = std::int64_t{4} << 20;

/// A named range of bytes of the file: a dataset, or a tensor within one.
struct FileRegion {
    std::string name;
    std::int64_t offset = 0;
    std::int64_t bytes = 0;
};

/// What the user block says.
struct UserBlock {
    std::int64_t bytes = 0;
    std::int64_t file_bytes = 0;
    std::vector<std::uint64_t> digests;
    std::vector<FileRegion> regions;
};

struct DamagedBlock {
    std::int64_t index = 0;
    std::int64_t offset = 0;
    std::int64_t bytes = 0;
    /// Names of the regions that the block touches.
    std::vector<std::string> regions;
};

/// Bytes that the regions' names and ranges take in the user block.
std::int64_t region_map_bytes(std::span<FileRegion const> regions);
/// The power of two >= 512 that is large enough for a file with `payload_bytes` of data (HDF5's own
/// structures may add 64 MiB) and a map of `map_bytes`.
std::int64_t user_block_bytes(std::int64_t payload_bytes, std::int64_t map_bytes = 4096);

/// Number of digest blocks of a file.
std::int64_t digest_block_count(std::int64_t user_block, std::int64_t file_bytes);
/// XXH3 of block `index`; ranks may digest disjoint blocks of one file.
std::uint64_t digest_block(FileDescriptor const& file, std::int64_t user_block,
                           std::int64_t file_bytes, std::int64_t index);

/// Writes and syncs the head of the file. Error when digests and map do not fit into it.
void write_user_block(FileDescriptor const& file, UserBlock const& block);
/// Reads and checks the head of the file and the file's length. Errors: not one of ours, damaged
/// head, written by a newer program, cut short.
UserBlock read_user_block(FileDescriptor const& file);
/// One number for all bytes of a file of ours, from the digests in its head.
std::uint64_t file_digest(FileDescriptor const& file);
/// An intact head of a later file version.
bool is_from_newer_program(FileDescriptor const& file);

/// Digests the HDF5 file at `path` and writes its user block; the last write to a file of ours.
void seal_file(std::string const& path, std::span<FileRegion const> regions = {});
/// The blocks whose digests do not match; throws as read_user_block does.
std::vector<DamagedBlock> verify_file(std::string const& path);
/// The damage as a block with its range and the regions touched.
DamagedBlock describe_block(UserBlock const& block, std::int64_t index);
/// "block 3 (bytes 12583424 to 16777727: /state/master)", several joined by ", ".
std::string describe_damage(std::span<DamagedBlock const> damage);

}  // namespace dnagpt
