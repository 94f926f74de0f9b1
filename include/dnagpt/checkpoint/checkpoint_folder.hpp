#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dnagpt/comm/communicator.hpp"

namespace dnagpt {

struct CheckpointEntry {
    std::int64_t step = 0;
    std::string path;

    bool operator==(CheckpointEntry const&) const = default;
};

/// `<folder>/step_00001000.h5`.
std::string checkpoint_path(std::string const& folder, std::int64_t step);
/// The files with such names, by step; a missing folder holds none. Nothing is opened.
std::vector<CheckpointEntry> list_checkpoints(std::string const& folder);

/// The newest checkpoint whose digests all match, for the start of a run. Collective. A damaged one
/// is named in a warning (block, dataset, tensor) and set aside as `*.damaged`, and the next is
/// tried; stale temporary files are removed. Errors: a checkpoint of a newer program; all of them
/// damaged.
std::optional<CheckpointEntry> newest_valid_checkpoint(Communicator const& comm,
                                                       std::string const& folder);

/// Whether the file is there and all its digests match; a damaged one is named in a warning and set
/// aside. Collective.
bool is_whole_checkpoint(Communicator const& comm, std::string const& path);

/// Writes the name of the newest checkpoint to `<folder>/latest`, for people. For one rank.
void note_latest(std::string const& path);

/// Writes the name of the checkpoint with the best validation to `<folder>/best`. For one rank.
void note_best(std::string const& path);
/// The checkpoint that `<folder>/best` names; nothing where there is no such file. Error where it
/// names no checkpoint.
std::optional<std::string> noted_best(std::string const& folder);

/// Removes all but the newest `keep_last` (at least one) and those at multiples of
/// `keep_every_steps` (0: none), and that of step `keep_step` (-1: none). For one rank. Removes
/// nothing while none of those that stay has an intact head and its full length. Returns the
/// removed steps.
std::vector<std::int64_t> remove_old_checkpoints(std::string const& folder, std::int64_t keep_last,
                                                 std::int64_t keep_every_steps,
                                                 std::int64_t keep_step = -1);

}  // namespace dnagpt
