#include "dnagpt/config/species_table.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <string_view>

#include "dnagpt/core/check.hpp"
#include "nearest_key.hpp"

namespace dnagpt {
namespace {

std::vector<std::string> const known_keys = {"name",  "token",   "assembly",
                                             "files", "contigs", "exclude_contigs"};
/// Reserved letters that mean something else in prompts: instruction, padding and true/false words.
constexpr std::string_view letters_of_species = "RIKLOQSUVWZ";
/// What a species' name may hold: it begins the names of its shards.
constexpr std::string_view letters_of_names =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

constexpr std::size_t longest_name = 200;

std::string read_text(toml::table const& table, std::string const& place, char const* key) {
    auto const value = table[key].value<std::string>();
    DNAGPT_VALIDATE(value && !value->empty(),
                    << place << ": '" << key << "' is missing; give a text");
    return *value;
}

std::vector<std::string> read_list(toml::table const& table, std::string const& place,
                                   char const* key) {
    std::vector<std::string> values;
    if (!table.contains(key)) {
        return values;
    }
    DNAGPT_VALIDATE(table[key].is_array(), << place << ": '" << key << "' must be a list of texts");
    for (auto const& node : *table[key].as_array()) {
        auto const value = node.value<std::string>();
        DNAGPT_VALIDATE(value, << place << ": '" << key << "' must hold texts only");
        values.push_back(*value);
    }
    return values;
}

SpeciesEntry read_entry(toml::table const& table, std::string const& place) {
    for (auto const& [key, value] : table) {
        std::string const name(key.str());
        DNAGPT_VALIDATE(std::find(known_keys.begin(), known_keys.end(), name) != known_keys.end(),
                        << place << ": unknown key '" << name << "'; the nearest known one is '"
                        << nearest_key(name, known_keys) << "'");
    }
    SpeciesEntry entry;
    entry.name = read_text(table, place, "name");
    DNAGPT_VALIDATE(entry.name.size() <= longest_name &&
                        entry.name.find_first_not_of(letters_of_names) == std::string::npos,
                    << place << ": the name '" << entry.name.substr(0, 40)
                    << "' cannot begin a file's name; use at most " << longest_name
                    << " letters, digits, _ and - only");
    std::string const token = read_text(table, place, "token");
    DNAGPT_VALIDATE(
        token.size() == 1 && letters_of_species.find(token[0]) != std::string_view::npos,
        << place << ": token '" << token << "' is no species letter; use one of "
        << letters_of_species);
    entry.token = token[0];
    entry.assembly = table["assembly"].value_or(std::string());
    entry.files = read_list(table, place, "files");
    DNAGPT_VALIDATE(!entry.files.empty(),
                    << place << ": 'files' is missing; list at least one file or glob");
    entry.contigs = read_list(table, place, "contigs");
    entry.exclude_contigs = read_list(table, place, "exclude_contigs");
    return entry;
}

toml::table parse_table(std::string const& path) {
    try {
        return toml::parse_file(path);
    } catch (toml::parse_error const& error) {
        throw Error(fmt::format("{}:{}: {}", path, error.source().begin.line, error.description()));
    }
}

}  // namespace

std::vector<SpeciesEntry> read_species_table(std::string const& path) {
    toml::table const document = parse_table(path);
    auto const* array = document["species"].as_array();
    DNAGPT_VALIDATE(array != nullptr && !array->empty(),
                    << path << ": no [[species]] table; see data_prep/species.toml for an example");
    std::vector<SpeciesEntry> entries;
    for (auto const& node : *array) {
        std::string const place = fmt::format("{}: species {}", path, entries.size() + 1);
        DNAGPT_VALIDATE(node.is_table(), << place << " is no table; write [[species]]");
        SpeciesEntry entry = read_entry(*node.as_table(), place);
        for (SpeciesEntry const& other : entries) {
            DNAGPT_VALIDATE(other.name != entry.name,
                            << place << ": the name '" << entry.name
                            << "' stands twice; give each species its own");
        }
        entries.push_back(std::move(entry));
    }
    return entries;
}

}  // namespace dnagpt
