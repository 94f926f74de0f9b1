#include "dnagpt/train/starting_checkpoint.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "dnagpt/checkpoint/checkpoint_file.hpp"
#include "dnagpt/checkpoint/checkpoint_folder.hpp"
#include "dnagpt/comm/rank_0_answer.hpp"
#include "dnagpt/config/config_file.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/hash.hpp"
#include "dnagpt/eval/loaded_model.hpp"
#include "dnagpt/io/durable_file.hpp"
#include "dnagpt/io/folder_lock.hpp"
#include "dnagpt/io/user_block.hpp"

namespace dnagpt {
namespace {

namespace fs = std::filesystem;

std::string digest_text(std::string const& path) {
    return hash_to_hex(file_digest(open_for_reading(path)));
}

/// The note of a first start.
std::string make_note(std::string const& from) {
    nlohmann::ordered_json note;
    note["from"] = from;
    note["checkpoint"] = "";
    note["digest"] = "";
    note["config"] = "";
    if (!from.empty()) {
        std::string const path = resolve_checkpoint(from);
        note["checkpoint"] = fs::absolute(path).string();
        note["digest"] = digest_text(path);
        note["config"] = CheckpointReader::open(path).header().config;
    }
    return note.dump(2) + "\n";
}

/// Whether the run, or one of its seeds or folds, has saved a step.
bool has_begun(std::string const& folder) {
    auto const begun = [](fs::path const& run) {
        return !list_checkpoints((run / "checkpoints").string()).empty();
    };
    return begun(folder) || std::ranges::any_of(fs::directory_iterator(folder), begun);
}

/// A note of a former start; what it says is used, so it must be whole.
nlohmann::json read_note(std::string const& path, std::string const& text) {
    auto const note = nlohmann::json::parse(text, nullptr, false);
    auto const has_text = [&](char const* key) {
        return note.is_object() && note.contains(key) && note.at(key).is_string();
    };
    bool whole =
        has_text("from") && has_text("checkpoint") && has_text("digest") && has_text("config");
    if (whole && !note.at("checkpoint").get<std::string>().empty()) {
        auto const digest = note.at("digest").get<std::string>();
        whole = digest.size() == hash_to_hex(0).size() &&
                digest.find_first_not_of("0123456789abcdef") == digest.npos;
    }
    DNAGPT_VALIDATE(whole, << path
                           << " is damaged (it says what the run began with); put a copy of "
                           << "it back, or use another run.folder");
    return note;
}

std::string read_or_make_note(RunConfig const& config) {
    fs::create_directories(config.run.folder);
    FolderLock const lock(config.run.folder);  // another run's note stays what it is
    std::string const path = (fs::path(config.run.folder) / "from.json").string();
    if (!fs::exists(path) || !has_begun(config.run.folder)) {
        std::string note = make_note(config.finetune.from);
        write_text_atomically(path, note);
        return note;
    }
    std::string note = read_text(path);
    auto const given = read_note(path, note).at("from").get<std::string>();
    DNAGPT_VALIDATE(given == config.finetune.from,
                    << "this run began with finetune.from = \"" << given << "\", now it is \""
                    << config.finetune.from
                    << "\" (its first weights would be others); use another run.folder");
    return note;
}

}  // namespace

StartingCheckpoint starting_checkpoint(RunConfig const& config, Communicator const& world) {
    std::string const text = rank_0_answer(world, [&] { return read_or_make_note(config); });
    auto const note = nlohmann::json::parse(text);
    StartingCheckpoint start;
    start.path = note.at("checkpoint").get<std::string>();
    if (!start.path.empty()) {
        start.digest = std::stoull(note.at("digest").get<std::string>(), nullptr, 16);
        start.model =
            parse_run_config(note.at("config").get<std::string>(), "the checkpoint's settings", {})
                .model;
    }
    return start;
}

void require_unchanged(std::string const& path, std::uint64_t digest, Communicator const& world) {
    require_whole(world, path);
    DNAGPT_VALIDATE(file_digest(open_for_reading(path)) == digest,
                    << path << " is not the file that this run was to begin with (it was written "
                    << "again since); use another run.folder");
}

}  // namespace dnagpt
