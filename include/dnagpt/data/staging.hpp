#pragma once

#include <string>

namespace dnagpt {

/// `text` with $NAME and ${NAME} replaced; Error for a variable that is not set.
std::string expand_environment(std::string const& text);

/// Where a copy of the shard folder `shards` lies under `stage`, a folder of this host's own disk
/// ("$TMPDIR").
std::string staged_folder(std::string const& shards, std::string const& stage);

/// Makes the copy `to` of all shards of `from` and verifies it; shards that are there already and
/// whole are kept, others removed. For one rank of a host. Errors: `from` unreadable, disk full,
/// damage.
void stage_shards(std::string const& from, std::string const& to);

}  // namespace dnagpt
