#pragma once

#include <string>
#include <vector>

namespace dnagpt {

/// The candidate with the smallest Levenshtein distance to `key`.
std::string nearest_key(std::string const& key, std::vector<std::string> const& candidates);

}  // namespace dnagpt
