#pragma once

#include <string>
#include <vector>

namespace dnagpt {

/// Checks of options, for CLI11: each gives what is wrong with a text, or nothing.

/// A whole number from 0 on.
std::string from_zero(std::string const& text);
/// A whole number from 1 on.
std::string from_one(std::string const& text);
/// The letter of a species' token, such as R.
std::string species_letter(std::string const& text);
/// A share of the input, such as 2/8.
std::string piece_text(std::string const& text);

/// Usage error where a file is written twice or also read. Empty names are left out.
void require_own_files(std::vector<std::string> outputs, std::vector<std::string> const& inputs);

}  // namespace dnagpt
