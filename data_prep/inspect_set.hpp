#pragma once

#include <string>

namespace dnagpt {

/// Prints what a labelled set holds; Error when it is damaged.
void inspect_set(std::string const& path);

}  // namespace dnagpt
