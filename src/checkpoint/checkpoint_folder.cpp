#include "dnagpt/checkpoint/checkpoint_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "dnagpt/checkpoint/checkpoint_file.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/parse_number.hpp"
#include "dnagpt/io/durable_file.hpp"
#include "dnagpt/io/user_block.hpp"

namespace dnagpt {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view name_start = "step_";
constexpr std::string_view name_end = ".h5";
constexpr std::string_view temporary_end = ".h5.tmp";
constexpr std::string_view damaged_end = ".h5.damaged";

/// The step in a checkpoint's file name; nothing for other names.
std::optional<std::int64_t> step_of(std::string_view name) {
    if (!name.starts_with(name_start) || !name.ends_with(name_end) ||
        name.size() <= name_start.size() + name_end.size()) {
        return std::nullopt;
    }
    name.remove_prefix(name_start.size());
    name.remove_suffix(name_end.size());
    return parse_whole_number(name);
}

void remove_stale_files(std::string const& folder) {
    if (!fs::is_directory(folder)) {
        return;
    }
    std::vector<fs::path> stale;
    for (auto const& entry : fs::directory_iterator(folder)) {
        std::string const name = entry.path().filename();
        if (name.starts_with(name_start) && name.ends_with(temporary_end)) {
            stale.push_back(entry.path());
        }
    }
    for (auto const& path : stale) {
        log_info("removing " + path.string() + ", left by an interrupted save");
        fs::remove(path);
    }
}

/// Rank 0's view of the folder on every rank, so that all try the same files.
std::vector<std::int64_t> agree_on_steps(Communicator const& comm, std::string const& folder) {
    std::string problem;
    std::string text;
    if (comm.rank() == 0) {
        try {
            remove_stale_files(folder);
            for (auto const& entry : list_checkpoints(folder)) {
                text += std::to_string(entry.step) + ' ';
            }
        } catch (std::exception const& error) {
            problem = error.what();
        }
    }
    comm.throw_together(problem);
    text = comm.broadcast(text);
    std::vector<std::int64_t> steps;
    for (std::size_t start = 0; start < text.size(); start = text.find(' ', start) + 1) {
        steps.push_back(std::stoll(text.substr(start)));
    }
    return steps;
}

/// What is wrong with the file, the same text on every rank; empty when it is whole. ReadError
/// where it cannot be read: that is no damage.
std::string find_damage(Communicator const& comm, std::string const& path) {
    try {
        auto const damage = verify_together(comm, path);
        return damage.empty() ? "" : path + " is damaged in " + describe_damage(damage);
    } catch (ReadError const&) {
        throw;
    } catch (Error const& error) {
        return error.what();
    }
}

/// Whether a checkpoint was set aside and still lies there; rank 0's answer.
bool holds_damaged_ones(Communicator const& comm, std::string const& folder) {
    bool found = false;
    if (comm.rank() == 0 && fs::is_directory(folder)) {
        for (auto const& entry : fs::directory_iterator(folder)) {
            std::string const name = entry.path().filename();
            found = found || (name.starts_with(name_start) && name.ends_with(damaged_end));
        }
    }
    return comm.any(found);
}

void expect_usable(Communicator const& comm, std::string const& path) {
    std::string problem;
    try {
        DNAGPT_VALIDATE(!is_from_newer_program(open_for_reading(path)),
                        << path << " was written by a newer version of dnagpt (and is the newest "
                        << "checkpoint); use that version, or move the file away");
    } catch (std::exception const& error) {
        problem = error.what();
    }
    comm.throw_together(problem);
}

void set_aside(Communicator const& comm, std::string const& path, std::string const& damage) {
    std::string problem;
    if (comm.rank() == 0) {
        log_warning(damage + "; it is set aside as " + path + ".damaged");
        try {
            rename_durably(path, path + ".damaged");
        } catch (std::exception const& error) {
            problem = error.what();
        }
    }
    comm.throw_together(problem);
}

bool has_intact_head(std::string const& path) {
    try {
        read_user_block(open_for_reading(path));
        return true;
    } catch (Error const&) {
        return false;
    }
}

void note_name(std::string const& path, char const* in) {
    auto const file = fs::path(path);
    write_text_atomically((file.parent_path() / in).string(), file.filename().string() + '\n');
}

}  // namespace

std::string checkpoint_path(std::string const& folder, std::int64_t step) {
    return (fs::path(folder) / fmt::format("{}{:08d}{}", name_start, step, name_end)).string();
}

std::vector<CheckpointEntry> list_checkpoints(std::string const& folder) {
    std::vector<CheckpointEntry> entries;
    if (!fs::is_directory(folder)) {
        return entries;
    }
    for (auto const& entry : fs::directory_iterator(folder)) {
        auto const step = step_of(entry.path().filename().string());
        if (step && checkpoint_path(folder, *step) == entry.path().string()) {
            entries.push_back({*step, entry.path().string()});
        }
    }
    std::ranges::sort(entries, {}, &CheckpointEntry::step);
    return entries;
}

std::optional<CheckpointEntry> newest_valid_checkpoint(Communicator const& comm,
                                                       std::string const& folder) {
    auto steps = agree_on_steps(comm, folder);
    while (!steps.empty()) {
        CheckpointEntry const entry{steps.back(), checkpoint_path(folder, steps.back())};
        expect_usable(comm, entry.path);
        std::string const damage = find_damage(comm, entry.path);
        if (damage.empty()) {
            return entry;
        }
        set_aside(comm, entry.path, damage);
        steps.pop_back();
    }
    DNAGPT_VALIDATE(!holds_damaged_ones(comm, folder),
                    << folder << " holds no whole checkpoint any more (all were damaged and are "
                    << "set aside); put a good copy back, or remove the .damaged files to start "
                    << "over at step 0");
    return std::nullopt;
}

bool is_whole_checkpoint(Communicator const& comm, std::string const& path) {
    if (!comm.all(fs::exists(path))) {
        return false;
    }
    std::string const damage = find_damage(comm, path);
    if (!damage.empty()) {
        set_aside(comm, path, damage);
    }
    return damage.empty();
}

void note_latest(std::string const& path) {
    note_name(path, "latest");
}

void note_best(std::string const& path) {
    note_name(path, "best");
}

std::optional<std::string> noted_best(std::string const& folder) {
    auto const note = fs::path(folder) / "best";
    if (!fs::exists(note)) {
        return std::nullopt;
    }
    std::string name = read_text(note.string());
    name.erase(name.find_last_not_of(" \n") + 1);
    DNAGPT_VALIDATE(step_of(name).has_value(),
                    << note.string() << " does not name a checkpoint, step_<number>.h5, but '"
                    << name.substr(0, 40) << "' (it is damaged); write the name of one into it, or "
                    << "remove it: then the newest is taken");
    return (fs::path(folder) / name).string();
}

std::vector<std::int64_t> remove_old_checkpoints(std::string const& folder, std::int64_t keep_last,
                                                 std::int64_t keep_every_steps,
                                                 std::int64_t keep_step) {
    auto const entries = list_checkpoints(folder);
    auto const count = static_cast<std::int64_t>(entries.size());
    std::int64_t last_valid = count - 1;
    while (last_valid >= 0 &&
           !has_intact_head(entries[static_cast<std::size_t>(last_valid)].path)) {
        --last_valid;
    }
    std::vector<std::int64_t> removed;
    for (std::int64_t i = 0; i < last_valid; ++i) {
        auto const& entry = entries[static_cast<std::size_t>(i)];
        bool const stays = i >= count - std::max<std::int64_t>(keep_last, 1) ||
                           entry.step == keep_step ||
                           (keep_every_steps > 0 && entry.step % keep_every_steps == 0);
        std::error_code ignored;
        if (!stays && fs::remove(entry.path, ignored)) {
            removed.push_back(entry.step);
        }
    }
    return removed;
}

}  // namespace dnagpt
