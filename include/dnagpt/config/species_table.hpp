#pragma once

#include <string>
#include <vector>

namespace dnagpt {

/// One species of a species.toml.
struct SpeciesEntry {
    std::string name;                  ///< e.g. "homo_sapiens"; names files and table rows
    char token = 'R';                  ///< letter of the species token
    std::string assembly;              ///< free text, stored in the shards
    std::vector<std::string> files;    ///< globs, relative to the table's folder or to --genomes
    std::vector<std::string> contigs;  ///< patterns; empty: all
    std::vector<std::string> exclude_contigs;  ///< patterns that are left out
};

/// Reads `[[species]]` tables. Throws Error for unknown or missing keys, a token that is no species
/// letter, two species of one name.
std::vector<SpeciesEntry> read_species_table(std::string const& path);

}  // namespace dnagpt
