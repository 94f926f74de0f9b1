#include "dnagpt/data/token_shard.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/genome/vocabulary.hpp"
#include "dnagpt/io/hdf5_file.hpp"

namespace dnagpt {
namespace {

constexpr std::size_t buffer_words = std::size_t{1} << 20;

std::int64_t name_bytes(std::span<ShardContig const> contigs) {
    std::int64_t bytes = 0;
    for (ShardContig const& contig : contigs) {
        bytes += static_cast<std::int64_t>(contig.name.size()) + 64;
    }
    return bytes;
}

std::int64_t check_contigs(std::span<ShardContig const> contigs) {
    std::int64_t words = 0;
    for (ShardContig const& contig : contigs) {
        DNAGPT_EXPECT(contig.first_token == words && contig.length > 0);
        words += words_of(contig.length);
    }
    return words;
}

template <class Read>
std::vector<std::int64_t> column(std::span<ShardContig const> contigs, Read read) {
    std::vector<std::int64_t> values;
    values.reserve(contigs.size());
    for (ShardContig const& contig : contigs) {
        values.push_back(read(contig));
    }
    return values;
}

void write_contigs(Hdf5File& file, std::span<ShardContig const> contigs) {
    std::vector<std::string> names;
    names.reserve(contigs.size());
    for (ShardContig const& contig : contigs) {
        names.push_back(contig.name);
    }
    file.write_strings("/contigs/name", names);
    file.write("/contigs/first_token", column(contigs, [](auto& c) { return c.first_token; }));
    file.write("/contigs/length", column(contigs, [](auto& c) { return c.length; }));
    file.write("/contigs/source_start", column(contigs, [](auto& c) { return c.source_start; }));
}

void write_info(Hdf5File& file, ShardInfo const& info) {
    file.set_attribute("/", "format", "dnagpt token shard");
    file.set_attribute("/", "format_version", shard_format_version);
    file.set_attribute("/", "species", info.species);
    file.set_attribute("/", "species_token", std::string_view(&info.species_token, 1));
    file.set_attribute("/", "assembly", info.assembly);
    file.set_attribute("/", "split", split_name(info.split));
    file.set_attribute("/", "shard_index", info.index);
    file.set_attribute("/", "shard_count", info.count);
    file.set_attribute("/", "bases", info.bases);
    file.set_attribute("/", "source_checksum", info.source_checksum);
    file.set_attribute("/", "settings", info.settings);
    file.set_attribute("/", "program_version", info.program_version);
}

ShardInfo read_info(Hdf5File const& file) {
    DNAGPT_VALIDATE(file.has_attribute("/", "format") &&
                        file.string_attribute("/", "format") == "dnagpt token shard",
                    << file.path() << " is no token shard (it is another kind of file); give files "
                    << "made by `dnagpt-prep shard`");
    std::int64_t const version = file.int_attribute("/", "format_version");
    DNAGPT_VALIDATE(version == shard_format_version,
                    << file.path() << " has shard format " << version << " (this program reads "
                    << shard_format_version << "); make the shards again with this version");
    ShardInfo info;
    info.species = file.string_attribute("/", "species");
    std::string const token = file.string_attribute("/", "species_token");
    DNAGPT_VALIDATE(token.size() == 1, << file.path() << ": species_token is not one letter; make "
                                       << "the shards again");
    info.species_token = token[0];
    info.assembly = file.string_attribute("/", "assembly");
    info.split = split_called(file.string_attribute("/", "split"));
    info.index = file.int_attribute("/", "shard_index");
    info.count = file.int_attribute("/", "shard_count");
    info.bases = file.int_attribute("/", "bases");
    info.source_checksum = file.string_attribute("/", "source_checksum");
    info.settings = file.string_attribute("/", "settings");
    info.program_version = file.string_attribute("/", "program_version");
    return info;
}

std::vector<ShardContig> read_contigs(Hdf5File const& file) {
    auto names = file.read_strings("/contigs/name");
    auto const first = file.read<std::int64_t>("/contigs/first_token");
    auto const length = file.read<std::int64_t>("/contigs/length");
    auto const start = file.read<std::int64_t>("/contigs/source_start");
    DNAGPT_VALIDATE(first.size() == names.size() && length.size() == names.size() &&
                        start.size() == names.size(),
                    << file.path() << ": the contig table's columns differ in length; make the "
                    << "shards again");
    std::vector<ShardContig> contigs(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        contigs[i] = {std::move(names[i]), first[i], length[i], start[i]};
    }
    return contigs;
}

Hdf5File open_shard(std::string const& path, ShardCheck check) {
    return check == ShardCheck::all ? Hdf5File::open_read(path) : Hdf5File::open_verified(path);
}

}  // namespace

std::string shard_file_name(std::string const& species, Split split, std::int64_t index) {
    return fmt::format("{}.{}.{:03}.h5", species, split_name(split), index);
}

std::vector<std::string> shard_files(std::string const& folder) {
    std::vector<std::string> paths;
    std::error_code error;
    std::filesystem::directory_iterator const entries(folder, error);
    DNAGPT_VALIDATE(!error, << folder << " cannot be read (" << error.message()
                            << "); give the folder that `dnagpt-prep shard` wrote");
    for (auto const& entry : entries) {
        if (entry.path().extension() == ".h5") {
            paths.push_back(entry.path().string());
        }
    }
    std::sort(paths.begin(), paths.end());
    return paths;
}

std::int64_t words_of(std::int64_t bases) {
    return (bases + bases_per_word - 1) / bases_per_word;
}

ShardWriter::ShardWriter(std::string const& path, ShardInfo const& info,
                         std::span<ShardContig const> contigs)
    : unfinished_(path), words_(check_contigs(contigs)) {
    std::int64_t const payload = 2 * words_ + name_bytes(contigs);
    {
        Hdf5File file = Hdf5File::create(unfinished_.path(), user_block_bytes(payload));
        write_info(file, info);
        write_contigs(file, contigs);
        file.create_dataset<std::uint16_t>("/tokens", {words_});
        offset_ = file.dataset_offset("/tokens");
        regions_ = file.datasets();
        file.close();
    }
    file_ = open_for_update(unfinished_.path());
    preallocate(file_, std::max(file_length(file_), offset_ + 2 * words_));
    buffer_.reserve(buffer_words);
}

void ShardWriter::append(std::span<std::uint16_t const> words) {
    while (!words.empty()) {
        std::size_t const take = std::min(words.size(), buffer_words - buffer_.size());
        buffer_.insert(buffer_.end(), words.begin(), words.begin() + take);
        words = words.subspan(take);
        if (buffer_.size() == buffer_words) {
            flush();
        }
    }
}

void ShardWriter::flush() {
    auto const count = static_cast<std::int64_t>(buffer_.size());
    DNAGPT_EXPECT(written_ + count <= words_);
    pwrite_all(file_, buffer_.data(), 2 * buffer_.size(), offset_ + 2 * written_);
    written_ += count;
    buffer_.clear();
}

void ShardWriter::finish() {
    flush();
    DNAGPT_EXPECT(written_ == words_);
    file_.close();
    seal_file(unfinished_.path(), regions_);
    unfinished_.finish();
}

TokenShard::FileState TokenShard::file_state(std::string const& path) {
    struct stat status {};
    DNAGPT_VALIDATE(::stat(path.c_str(), &status) == 0,
                    << path << " cannot be looked at (" << std::strerror(errno)
                    << "); the shards must stay in place while they are used");
    return {static_cast<std::int64_t>(status.st_size), status.st_mtim.tv_sec,
            status.st_mtim.tv_nsec, static_cast<std::uint64_t>(status.st_ino)};
}

TokenShard::TokenShard(std::string const& path, ShardCheck check) {
    Hdf5File file = open_shard(path, check);
    info_ = read_info(file);
    contigs_ = read_contigs(file);
    file.require_type<std::uint16_t>("/tokens");
    words_ = file.shape("/tokens").front();
    offset_ = file.dataset_offset("/tokens");
    file.close();
    std::int64_t expected = 0;
    for (ShardContig const& contig : contigs_) {
        std::int64_t const room = bases_per_word * (words_ - expected);
        DNAGPT_VALIDATE(
            contig.first_token == expected && contig.length > 0 && contig.length <= room &&
                contig.source_start >= 0,
            << path << ": contig '" << contig.name
            << "' does not follow the one before it, or does not fit in; make the shards again");
        expected += words_of(contig.length);
    }
    DNAGPT_VALIDATE(expected == words_, << path << ": contigs of " << expected << " words but "
                                        << words_ << " tokens; make the shards again");
    file_ = open_for_reading(path);
    state_ = file_state(path);
    digest_ = file_digest(file_);
}

void TokenShard::read_words(std::int64_t first, std::span<std::uint16_t> words) const {
    DNAGPT_EXPECT(first >= 0 && first + static_cast<std::int64_t>(words.size()) <= words_);
    pread_all(file_, words.data(), 2 * words.size(), offset_ + 2 * first);
    bool const known = words.empty() || std::ranges::max(words) < word_count;
    DNAGPT_VALIDATE(known, << path() << ": one of the words from " << first
                           << " on is no 6-mer (words are 0 to " << word_count - 1
                           << "); make the shards again");
}

void TokenShard::verify_unchanged() const {
    DNAGPT_VALIDATE(file_state(path()) == state_,
                    << path() << " has changed since it was opened (size, time or inode differ); "
                    << "stop the run, restore the shard and run again");
}

ShardInfo read_shard_info(std::string const& path) {
    return read_info(Hdf5File::open_read(path));
}

}  // namespace dnagpt
