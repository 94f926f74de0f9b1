#pragma once

#include <string>
#include <vector>

#include "dnagpt/config/run_config.hpp"

namespace dnagpt {

/// Reads a TOML file and then the overrides "section.key=value"; validates. Throws Error for a
/// broken file (with its line), an unknown key (with the nearest known one) or a value of the wrong
/// type.
RunConfig read_run_config(std::string const& path, std::vector<std::string> const& overrides);

/// The same from a text; `name` stands in the messages.
RunConfig parse_run_config(std::string const& text, std::string const& name,
                           std::vector<std::string> const& overrides);

/// Whether keys whose value is a path are written too.
enum class PathKeys { keep, leave_out };

/// Every key with its value, one section after the other: the resolved config.
std::string to_toml(RunConfig const& config, PathKeys paths);

/// A key whose value differs between two configs.
struct KeyChange {
    std::string key;
    std::string stored;
    std::string given;
    /// True for keys that may change between two starts of a run.
    bool free = false;
};

/// Path-valued keys are not compared. Throws Error with key and both values for every change that
/// is neither free nor allowed by run.allow_changes; returns the others, for the log.
std::vector<KeyChange> require_compatible(RunConfig const& stored, RunConfig const& given);

}  // namespace dnagpt
