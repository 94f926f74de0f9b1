#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dnagpt/data/splits.hpp"

namespace dnagpt {

inline constexpr std::int64_t labelled_set_version = 1;

/// One sequence with its class.
struct LabelledExample {
    std::string id;
    std::vector<std::uint8_t> codes;  ///< base codes 0 .. 4 (N A G C T)
    std::int32_t label = 0;           ///< place in LabelledSet::classes
    std::int32_t group = 0;           ///< examples of one group share a split
    Split split = Split::train;
};

/// Sequences with classes, divided into splits: what fine-tuning and its evaluation read.
struct LabelledSet {
    std::vector<std::string> classes;  ///< names, by label
    char species_token = 'R';
    std::vector<LabelledExample> examples;
    std::string settings;  ///< how it was made, for people
    std::string program_version;
};

/// Writes one HDF5 file with our user block (docs/file_formats.md) under a temporary name, then
/// renames it: nothing half-written bears the name. Equal sets give equal bytes.
void write_labelled_set(std::string const& path, LabelledSet const& set);
/// Error for damage, another kind of file or another version.
LabelledSet read_labelled_set(std::string const& path);

/// Verifies the file and tells whether it is a labelled set; Error for a damaged file or one that
/// is not ours.
bool is_labelled_set(std::string const& path);

/// Number of examples by split and class.
std::vector<std::vector<std::int64_t>> count_examples(LabelledSet const& set);

}  // namespace dnagpt
