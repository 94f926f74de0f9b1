#include "dnagpt/data/staging.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/hash.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/data/token_shard.hpp"
#include "dnagpt/io/durable_file.hpp"
#include "dnagpt/io/user_block.hpp"

namespace dnagpt {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t copy_bytes = std::int64_t{8} << 20;

bool names_a_variable(char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_';
}

/// True when `copy` is whole and carries the digests of `original`.
bool is_copy(fs::path const& original, fs::path const& copy) {
    if (!fs::exists(copy)) {
        return false;
    }
    try {
        return read_user_block(open_for_reading(original)).digests ==
                   read_user_block(open_for_reading(copy)).digests &&
               verify_file(copy).empty();
    } catch (Error const&) {
        return false;  // cut short or no shard: copied anew
    }
}

void copy_file(fs::path const& from, fs::path const& to, Progress& progress) {
    // Programs of one host may stage the same shard at once: each writes its own.
    UnfinishedFile unfinished(to, temporary_path(fmt::format("{}.{}", to.string(), ::getpid())));
    FileDescriptor const source = open_for_reading(from);
    FileDescriptor const target = create_for_writing(unfinished.path());
    std::int64_t const length = file_length(source);
    preallocate(target, length);
    std::vector<std::byte> piece(static_cast<std::size_t>(std::min(copy_bytes, length)));
    for (std::int64_t done = 0; done < length;) {
        auto const count = static_cast<std::size_t>(std::min(copy_bytes, length - done));
        pread_all(source, piece.data(), count, done);
        pwrite_all(target, piece.data(), count, done);
        done += static_cast<std::int64_t>(count);
        progress.advance(count);
    }
    auto const damage = verify_file(unfinished.path());
    DNAGPT_VALIDATE(damage.empty(), << from.string() << " is damaged, or became so on the way to "
                                    << unfinished.path() << " (" << describe_damage(damage)
                                    << "); verify it with `dnagpt-prep inspect`");
    sync_file(target);
    unfinished.finish();
}

/// Shards that the original folder no longer holds.
void remove_others(std::vector<std::string> const& originals, std::string const& copy) {
    for (std::string const& path : shard_files(copy)) {
        fs::path const shard = path;
        auto const same_name = [&](fs::path const& original) {
            return original.filename() == shard.filename();
        };
        if (std::none_of(originals.begin(), originals.end(), same_name)) {
            fs::remove(shard);
        }
    }
}

}  // namespace

std::string expand_environment(std::string const& text) {
    std::string result;
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] != '$') {
            result += text[i++];
            continue;
        }
        bool const braced = i + 1 < text.size() && text[i + 1] == '{';
        std::size_t const begin = i + (braced ? 2 : 1);
        std::size_t end = begin;
        while (end < text.size() && names_a_variable(text[end])) {
            ++end;
        }
        std::string const name = text.substr(begin, end - begin);
        bool const closed = !braced || (end < text.size() && text[end] == '}');
        DNAGPT_VALIDATE(!name.empty() && closed,
                        << "'" << text << "' holds a $ without a name; write $NAME or ${NAME}");
        char const* const value = std::getenv(name.c_str());
        DNAGPT_VALIDATE(value != nullptr, << "'" << text << "' names the variable " << name
                                          << ", which is not set on this host; set it or give a "
                                          << "folder");
        result += value;
        i = end + (braced ? 1 : 0);
    }
    return result;
}

std::string staged_folder(std::string const& shards, std::string const& stage) {
    std::string const source = fs::absolute(shards).lexically_normal().string();
    return fmt::format("{}/dnagpt_shards_{}", expand_environment(stage),
                       hash_to_hex(hash_text(source)));
}

void stage_shards(std::string const& from, std::string const& to) {
    std::error_code error;
    fs::create_directories(to, error);
    DNAGPT_VALIDATE(!error, << "cannot make " << to << " for the staged shards (" << error.message()
                            << "); choose another data.stage");
    std::vector<fs::path> missing;
    std::uint64_t bytes = 0;
    std::vector<std::string> const originals = shard_files(from);
    remove_others(originals, to);
    for (std::string const& path : originals) {
        fs::path const shard = path;
        if (!is_copy(shard, to / shard.filename())) {
            missing.push_back(shard);
            bytes += fs::file_size(shard);
        }
    }
    Progress progress("staging shards", "B", bytes);
    for (fs::path const& shard : missing) {
        copy_file(shard, to / shard.filename(), progress);
    }
}

}  // namespace dnagpt
