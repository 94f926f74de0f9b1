#include "dnagpt/io/user_block.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string_view>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/hash.hpp"
#include "dnagpt/core/parse_number.hpp"

namespace dnagpt {
namespace {

static_assert(std::endian::native == std::endian::little, "files are little-endian");

constexpr std::uint64_t file_magic = 0x0A545047414E4489ULL;  // 0x89 "DNAGPT" newline
constexpr std::array<char, 8> hdf5_signature = {'\x89', 'H', 'D', 'F', '\r', '\n', '\x1a', '\n'};
constexpr std::uint64_t user_block_version = 1;
constexpr std::int64_t head_words = 5;  // magic, version, user block, file, map
constexpr std::int64_t smallest_block = 512;
constexpr std::int64_t largest_block = std::int64_t{1} << 32;
constexpr std::int64_t metadata_allowance = std::int64_t{64} << 20;
constexpr std::size_t names_shown = 4;

struct Head {
    std::uint64_t magic;
    std::uint64_t version;
    std::int64_t block_bytes;
    std::int64_t file_bytes;
    std::int64_t map_bytes;
};
static_assert(sizeof(Head) == head_words * 8);

std::int64_t bytes_needed(std::int64_t blocks, std::int64_t map_bytes) {
    return 8 * (head_words + blocks + 1) + map_bytes;
}

std::string map_text(std::span<FileRegion const> regions) {
    std::string text;
    for (auto const& region : regions) {
        DNAGPT_EXPECT(region.name.find_first_of("\t\n") == std::string::npos);
        text += region.name + '\t' + std::to_string(region.offset) + '\t' +
                std::to_string(region.bytes) + '\n';
    }
    return text;
}

/// A head with a right digest that says what cannot be: another program made it.
void require_sense(bool makes_sense, std::string const& path) {
    DNAGPT_VALIDATE(makes_sense, << path << " has a head whose sizes cannot be right (another "
                                 << "program may have written it); make the file again");
}

/// Takes what stands before `end` off `rest`, and `end`.
std::string_view take_until(std::string_view& rest, char end) {
    std::string_view const taken = rest.substr(0, rest.find(end));
    rest.remove_prefix(std::min(rest.size(), taken.size() + 1));
    return taken;
}

std::vector<FileRegion> parse_map(std::string const& path, std::string_view text,
                                  std::int64_t file_bytes) {
    std::vector<FileRegion> regions;
    while (!text.empty()) {
        std::string_view line = take_until(text, '\n');
        std::string const name(take_until(line, '\t'));
        auto const offset = parse_whole_number(take_until(line, '\t'));
        auto const bytes = parse_whole_number(line);
        require_sense(offset && bytes && *offset <= file_bytes && *bytes <= file_bytes - *offset,
                      path);
        regions.push_back({name, *offset, *bytes});
    }
    return regions;
}

/// Zeros stand for what a shorter file lacks.
Head read_head(FileDescriptor const& file, std::int64_t length) {
    Head head{};
    pread_all(file, &head, static_cast<std::size_t>(std::min<std::int64_t>(length, sizeof(head))),
              0);
    return head;
}

void expect_ours(FileDescriptor const& file, Head const& head) {
    bool const is_hdf5 = std::memcmp(&head, hdf5_signature.data(), hdf5_signature.size()) == 0;
    DNAGPT_VALIDATE(!is_hdf5, << file.path() << " is an HDF5 file, but not one of dnagpt's (it "
                              << "carries no checksums); check the path");
    DNAGPT_VALIDATE(head.magic == file_magic,
                    << file.path() << " is no dnagpt file (its first bytes are not dnagpt's, or "
                    << "are damaged); check the path, or make or copy the file again");
}

/// The whole user block; its last word is the digest of the rest, in this and any later version.
std::vector<char> read_checked_block(FileDescriptor const& file, std::int64_t length,
                                     Head const& head) {
    bool const plausible = std::has_single_bit(static_cast<std::uint64_t>(head.block_bytes)) &&
                           head.block_bytes >= smallest_block && head.block_bytes <= largest_block;
    DNAGPT_VALIDATE(!plausible || head.block_bytes <= length,
                    << file.path() << " is cut short within its head (" << length
                    << " bytes are left of it); make or copy it again");
    std::vector<char> bytes(plausible ? static_cast<std::size_t>(head.block_bytes) : 0);
    std::uint64_t stored = 0;
    if (plausible) {
        pread_all(file, bytes.data(), bytes.size(), 0);
        std::memcpy(&stored, bytes.data() + bytes.size() - 8, 8);
    }
    DNAGPT_VALIDATE(plausible && stored == hash_bytes(bytes.data(), bytes.size() - 8),
                    << file.path() << " is damaged in its head (the checksum of the first "
                    << (plausible ? head.block_bytes : smallest_block)
                    << " bytes does not match); make or copy it again");
    return bytes;
}

std::int64_t find_hdf5_signature(FileDescriptor const& file) {
    std::int64_t const length = file_length(file);
    std::array<char, 8> bytes{};
    for (std::int64_t offset = smallest_block; offset + 8 <= length; offset *= 2) {
        pread_all(file, bytes.data(), bytes.size(), offset);
        if (bytes == hdf5_signature) {
            return offset;
        }
    }
    throw Error(file.path() + " cannot be sealed (it is no HDF5 file with a user block)");
}

}  // namespace

std::int64_t region_map_bytes(std::span<FileRegion const> regions) {
    return static_cast<std::int64_t>(map_text(regions).size());
}

std::int64_t user_block_bytes(std::int64_t payload_bytes, std::int64_t map_bytes) {
    std::int64_t const blocks = digest_block_count(0, payload_bytes + metadata_allowance);
    auto const needed = static_cast<std::uint64_t>(bytes_needed(blocks, map_bytes));
    return std::max(smallest_block, static_cast<std::int64_t>(std::bit_ceil(needed)));
}

std::int64_t digest_block_count(std::int64_t user_block, std::int64_t file_bytes) {
    DNAGPT_EXPECT(user_block >= 0 && file_bytes >= user_block);
    return (file_bytes - user_block + digest_block_bytes - 1) / digest_block_bytes;
}

std::uint64_t digest_block(FileDescriptor const& file, std::int64_t user_block,
                           std::int64_t file_bytes, std::int64_t index) {
    DNAGPT_EXPECT(index >= 0 && index < digest_block_count(user_block, file_bytes));
    std::int64_t const offset = user_block + index * digest_block_bytes;
    std::vector<char> bytes(
        static_cast<std::size_t>(std::min(digest_block_bytes, file_bytes - offset)));
    pread_all(file, bytes.data(), bytes.size(), offset);
    return hash_bytes(bytes.data(), bytes.size());
}

void write_user_block(FileDescriptor const& file, UserBlock const& block) {
    std::int64_t const blocks = digest_block_count(block.bytes, block.file_bytes);
    std::string const map = map_text(block.regions);
    auto const map_size = static_cast<std::int64_t>(map.size());
    DNAGPT_EXPECT(static_cast<std::int64_t>(block.digests.size()) == blocks);
    DNAGPT_VALIDATE(bytes_needed(blocks, map_size) <= block.bytes,
                    << "cannot seal " << file.path() << " (" << bytes_needed(blocks, map_size)
                    << " bytes of checksums do not fit into its head of " << block.bytes
                    << "); the file grew larger than was said when it was made");
    Head const head{file_magic, user_block_version, block.bytes, block.file_bytes, map_size};
    std::vector<char> bytes(static_cast<std::size_t>(block.bytes), '\0');
    std::memcpy(bytes.data(), &head, sizeof(head));
    std::size_t const digest_bytes = block.digests.size() * 8;
    if (digest_bytes > 0) {
        std::memcpy(bytes.data() + sizeof(head), block.digests.data(), digest_bytes);
    }
    std::copy(map.begin(), map.end(), bytes.data() + sizeof(head) + digest_bytes);
    std::uint64_t const digest = hash_bytes(bytes.data(), bytes.size() - 8);
    std::memcpy(bytes.data() + bytes.size() - 8, &digest, 8);
    pwrite_all(file, bytes.data(), bytes.size(), 0);
    sync_file(file);
}

UserBlock read_user_block(FileDescriptor const& file) {
    std::int64_t const length = file_length(file);
    Head const head = read_head(file, length);
    expect_ours(file, head);
    auto const bytes = read_checked_block(file, length, head);
    DNAGPT_VALIDATE(head.version == user_block_version,
                    << file.path() << " has file version " << head.version
                    << " (this program reads version " << user_block_version
                    << "); use the version of dnagpt that wrote it");
    require_sense(head.file_bytes >= head.block_bytes, file.path());
    DNAGPT_VALIDATE(length >= head.file_bytes, << file.path() << " is cut short (" << length
                                               << " of " << head.file_bytes
                                               << " bytes are left); make or copy it again");
    DNAGPT_VALIDATE(length == head.file_bytes, << file.path() << " is damaged ("
                                               << length - head.file_bytes
                                               << " bytes follow its end); make or copy it again");
    UserBlock block{head.block_bytes, head.file_bytes, {}, {}};
    std::int64_t const digests = digest_block_count(block.bytes, block.file_bytes);
    require_sense(head.map_bytes >= 0 && head.map_bytes <= block.bytes - bytes_needed(digests, 0),
                  file.path());
    block.digests.resize(static_cast<std::size_t>(digests));
    std::size_t const digest_bytes = block.digests.size() * 8;
    if (digest_bytes > 0) {
        std::memcpy(block.digests.data(), bytes.data() + sizeof(head), digest_bytes);
    }
    block.regions = parse_map(
        file.path(),
        {bytes.data() + sizeof(head) + digest_bytes, static_cast<std::size_t>(head.map_bytes)},
        block.file_bytes);
    return block;
}

std::uint64_t file_digest(FileDescriptor const& file) {
    UserBlock const block = read_user_block(file);
    return hash_bytes(block.digests.data(), block.digests.size() * sizeof(block.digests[0]),
                      static_cast<std::uint64_t>(block.file_bytes));
}

bool is_from_newer_program(FileDescriptor const& file) {
    std::int64_t const length = file_length(file);
    Head const head = read_head(file, length);
    if (head.magic != file_magic || head.version <= user_block_version) {
        return false;
    }
    try {
        read_checked_block(file, length, head);
        return true;
    } catch (Error const&) {
        return false;
    }
}

void seal_file(std::string const& path, std::span<FileRegion const> regions) {
    FileDescriptor const file = open_for_update(path);
    UserBlock block{find_hdf5_signature(file), file_length(file), {}, {}};
    block.regions.assign(regions.begin(), regions.end());
    std::int64_t const blocks = digest_block_count(block.bytes, block.file_bytes);
    for (std::int64_t index = 0; index < blocks; ++index) {
        block.digests.push_back(digest_block(file, block.bytes, block.file_bytes, index));
    }
    write_user_block(file, block);
}

std::vector<DamagedBlock> verify_file(std::string const& path) {
    FileDescriptor const file = open_for_reading(path);
    UserBlock const block = read_user_block(file);
    std::vector<DamagedBlock> damage;
    for (std::size_t index = 0; index < block.digests.size(); ++index) {
        auto const number = static_cast<std::int64_t>(index);
        if (digest_block(file, block.bytes, block.file_bytes, number) != block.digests[index]) {
            damage.push_back(describe_block(block, number));
        }
    }
    return damage;
}

DamagedBlock describe_block(UserBlock const& block, std::int64_t index) {
    DamagedBlock damaged{index, block.bytes + index * digest_block_bytes, 0, {}};
    damaged.bytes = std::min(digest_block_bytes, block.file_bytes - damaged.offset);
    for (auto const& region : block.regions) {
        if (region.offset < damaged.offset + damaged.bytes &&
            damaged.offset < region.offset + region.bytes) {
            damaged.regions.push_back(region.name);
        }
    }
    return damaged;
}

std::string describe_damage(std::span<DamagedBlock const> damage) {
    std::string text;
    for (auto const& block : damage) {
        text += (text.empty() ? "block " : ", block ") + std::to_string(block.index) + " (bytes " +
                std::to_string(block.offset) + " to " +
                std::to_string(block.offset + block.bytes - 1);
        for (std::size_t i = 0; i < std::min(names_shown, block.regions.size()); ++i) {
            text += (i == 0 ? ": " : ", ") + block.regions[i];
        }
        if (block.regions.size() > names_shown) {
            text += " and " + std::to_string(block.regions.size() - names_shown) + " more";
        }
        text += ')';
    }
    return text;
}

}  // namespace dnagpt
