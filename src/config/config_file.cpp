#include "dnagpt/config/config_file.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config_keys.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/control_letters.hpp"
#include "nearest_key.hpp"

namespace dnagpt {
namespace {

std::vector<std::string> known_keys() {
    std::vector<std::string> keys;
    RunConfig config;
    visit_keys(config, [&](std::string const& section, std::string const& key, auto&, KeyKind) {
        keys.push_back(section + "." + key);
    });
    return keys;
}

void refuse_unknown_set_keys(toml::node const& node, std::string const& name) {
    DNAGPT_VALIDATE(node.is_array_of_tables(),
                    << name << ": finetune.set is no list of sections; write [[finetune.set]] and "
                    << "the keys of one set below it, once for each set");
    std::vector<std::string> known;
    FinetuneSet set;
    visit_set_keys(set, [&](char const* key, auto&, KeyKind) { known.emplace_back(key); });
    for (auto const& element : *node.as_array()) {
        for (auto const& [key, value] : *element.as_table()) {
            std::string const text(key.str());
            DNAGPT_VALIDATE(std::ranges::find(known, text) != known.end(),
                            << name << ": unknown key '" << text
                            << "' in [[finetune.set]]; the nearest known one is '"
                            << nearest_key(text, known) << "'");
        }
    }
}

void refuse_unknown_keys(toml::table const& table, std::string const& name) {
    std::vector<std::string> const known = known_keys();
    for (auto const& [section, node] : table) {
        std::string const prefix(section.str());
        DNAGPT_VALIDATE(node.is_table(), << name << ": '" << prefix
                                         << "' stands outside a section; write it as "
                                         << nearest_key(prefix, known));
        bool const known_section =
            std::any_of(known.begin(), known.end(), [&](std::string const& key) {
                return key.compare(0, prefix.size() + 1, prefix + ".") == 0;
            });
        DNAGPT_VALIDATE(known_section, << name << ": unknown section [" << prefix
                                       << "]; the nearest known key is '"
                                       << nearest_key(prefix, known) << "'");
        for (auto const& [key, value] : *node.as_table()) {
            if (prefix == "finetune" && key.str() == "set") {
                refuse_unknown_set_keys(value, name);
                continue;
            }
            std::string const full = prefix + "." + std::string(key.str());
            DNAGPT_VALIDATE(std::find(known.begin(), known.end(), full) != known.end(),
                            << name << ": unknown key '" << full << "'; the nearest known one is '"
                            << nearest_key(full, known) << "'");
        }
    }
}

[[noreturn]] void wrong_type(std::string const& name, std::string const& key, char const* wanted) {
    throw Error(
        fmt::format("{}: {} is of another type than its default; give {}", name, key, wanted));
}

void read_value(toml::node const& node, std::string& value, std::string const& name,
                std::string const& key) {
    auto const text = node.value_exact<std::string>();
    text ? void(value = *text) : wrong_type(name, key, "a text in quotes");
}

void read_value(toml::node const& node, std::int64_t& value, std::string const& name,
                std::string const& key) {
    auto const number = node.value_exact<std::int64_t>();
    number ? void(value = *number) : wrong_type(name, key, "a whole number");
}

void read_value(toml::node const& node, double& value, std::string const& name,
                std::string const& key) {
    node.is_number() ? void(value = *node.value<double>()) : wrong_type(name, key, "a number");
}

void read_value(toml::node const& node, bool& value, std::string const& name,
                std::string const& key) {
    auto const truth = node.value_exact<bool>();
    truth ? void(value = *truth) : wrong_type(name, key, "true or false");
}

void read_value(toml::node const& node, std::vector<std::string>& value, std::string const& name,
                std::string const& key) {
    value.clear();
    if (!node.is_array()) {
        wrong_type(name, key, "a list of texts");
    }
    for (auto const& element : *node.as_array()) {
        read_value(element, value.emplace_back(), name, key);
    }
}

void apply_preset(ModelSection& model, std::string const& name) {
    auto const& presets = model_presets();
    auto const found = std::find_if(presets.begin(), presets.end(),
                                    [&](ModelPreset const& preset) { return preset.name == name; });
    std::string known;
    for (ModelPreset const& preset : presets) {
        known += " " + preset.name;
    }
    DNAGPT_VALIDATE(found != presets.end(),
                    << "model.preset = \"" << name << "\" is unknown; there are" << known);
    model = {found->name,     found->layers,         found->heads,
             found->channels, found->context_length, found->vocabulary};
}

/// A parsed file or override and the name that stands in messages about it.
struct Source {
    std::string name;
    toml::table table;
};

void apply(Source const& source, RunConfig& config) {
    visit_keys(config, [&](char const* section, char const* key, auto& value, KeyKind) {
        if (toml::node const* node = source.table[section][key].node(); node != nullptr) {
            read_value(*node, value, source.name, std::string(section) + "." + key);
        }
    });
}

void apply_sets(Source const& source, RunConfig& config) {
    toml::node const* const sets = source.table["finetune"]["set"].node();
    if (sets == nullptr) {
        return;
    }
    config.finetune.sets.clear();
    for (auto const& element : *sets->as_array()) {
        FinetuneSet& set = config.finetune.sets.emplace_back();
        visit_set_keys(set, [&](char const* key, auto& value, KeyKind) {
            if (toml::node const* node = element.as_table()->get(key); node != nullptr) {
                read_value(*node, value, source.name, std::string("finetune.set.") + key);
            }
        });
    }
}

/// finetune.data is the short form of one set; finetune.prompt is that of every set without one.
void join_short_form(FinetuneSection& finetune) {
    if (!finetune.data.empty()) {
        DNAGPT_VALIDATE(finetune.sets.empty(),
                        << "give finetune.data or [[finetune.set]], one of the two");
        finetune.sets = {{"", finetune.data, "", "", 1}};
        finetune.data.clear();
    }
    for (FinetuneSet& set : finetune.sets) {
        if (set.prompt.empty()) {
            set.prompt = finetune.prompt;
        }
        if (set.name.empty()) {
            set.name = std::filesystem::path(set.data).stem().string();
        }
    }
    if (!finetune.sets.empty()) {
        finetune.prompt.clear();
    }
}

/// The last preset that is named fills in the model; then every source's own keys count, in order.
RunConfig resolve(std::vector<Source> const& sources) {
    RunConfig config;
    for (Source const& source : sources) {
        refuse_unknown_keys(source.table, source.name);
    }
    for (Source const& source : sources) {
        if (auto const preset = source.table["model"]["preset"].value<std::string>();
            preset && !preset->empty()) {
            apply_preset(config.model, *preset);
        }
    }
    for (Source const& source : sources) {
        apply(source, config);
        apply_sets(source, config);
    }
    join_short_form(config.finetune);
    validate(config);
    return config;
}

toml::table parse_toml(std::string const& text, std::string const& name) {
    try {
        return toml::parse(text);
    } catch (toml::parse_error const& error) {
        throw Error(fmt::format("{}:{}: {}", name, error.source().begin.line, error.description()));
    }
}

/// Any text on one line: literal where TOML can hold it so, else with escapes.
std::string format_value(std::string const& value) {
    bool const literal =
        std::ranges::none_of(value, [](char c) { return c == '\'' || is_control_letter(c); });
    if (literal) {
        return "'" + value + "'";
    }
    std::string text;
    for (char const letter : value) {
        text += letter == '"' || letter == '\\' ? fmt::format("\\{}", letter)
                : is_control_letter(letter)     ? fmt::format("\\u{:04X}", letter)
                                                : std::string(1, letter);
    }
    return '"' + text + '"';
}

std::string format_value(std::vector<std::string> const& values) {
    std::string text;
    for (std::string const& value : values) {
        text += (text.empty() ? " " : ", ") + format_value(value);
    }
    return text.empty() ? "[]" : "[" + text + " ]";
}

std::string format_value(std::int64_t value) {
    return fmt::format("{}", value);
}

std::string format_value(bool value) {
    return value ? "true" : "false";
}

/// The shortest text that reads back as the same number, and as a float in TOML.
std::string format_value(double value) {
    std::string const text = fmt::format("{}", value);
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

bool is_toml_value(std::string const& value) {
    try {
        (void)toml::parse("value = " + value);
        return true;
    } catch (toml::parse_error const&) {
        return false;
    }
}

/// "section.key=value" as TOML. A value that is none (a path, a name) is taken as text.
std::string override_as_toml(std::string const& text) {
    std::size_t const equals = text.find('=');
    std::size_t const dot = text.find('.');
    DNAGPT_VALIDATE(equals != std::string::npos && dot != std::string::npos && dot < equals,
                    << "'" << text << "' is no setting; write section.key=value");
    std::string value = text.substr(equals + 1);
    if (!is_toml_value(value)) {
        value = format_value(value);
    }
    return fmt::format("[{}]\n{} = {}\n", text.substr(0, dot),
                       text.substr(dot + 1, equals - dot - 1), value);
}

std::string sets_as_toml(std::vector<FinetuneSet> const& sets, PathKeys paths) {
    std::string text;
    for (FinetuneSet const& set : sets) {
        text += "\n[[finetune.set]]\n";
        visit_set_keys(set, [&](char const* key, auto const& value, KeyKind kind) {
            if (kind != KeyKind::path || paths == PathKeys::keep) {
                text += fmt::format("{} = {}\n", key, format_value(value));
            }
        });
    }
    return text;
}

/// All differences but those of path-valued keys.
std::vector<KeyChange> compare(RunConfig const& stored, RunConfig const& given) {
    std::vector<KeyChange> changes;
    std::vector<std::string> values;
    visit_keys(stored, [&](char const*, char const*, auto const& value, KeyKind) {
        values.push_back(format_value(value));
    });
    std::string const sets_before = sets_as_toml(stored.finetune.sets, PathKeys::leave_out);
    std::string const sets_now = sets_as_toml(given.finetune.sets, PathKeys::leave_out);
    if (sets_before != sets_now) {
        changes.push_back({"finetune.set", sets_before, sets_now, false});
    }
    std::size_t index = 0;
    visit_keys(given, [&](std::string const& section, std::string const& key, auto const& value,
                          KeyKind kind) {
        std::string const& before = values[index++];
        std::string const now = format_value(value);
        if (kind != KeyKind::path && now != before) {
            changes.push_back({section + "." + key, before, now, kind == KeyKind::free});
        }
    });
    return changes;
}

}  // namespace

RunConfig parse_run_config(std::string const& text, std::string const& name,
                           std::vector<std::string> const& overrides) {
    std::vector<Source> sources = {{name, parse_toml(text, name)}};
    for (std::string const& setting : overrides) {
        sources.push_back({setting, parse_toml(override_as_toml(setting), setting)});
    }
    return resolve(sources);
}

RunConfig read_run_config(std::string const& path, std::vector<std::string> const& overrides) {
    std::ifstream file(path);
    DNAGPT_VALIDATE(
        file.good(), << "cannot read the config '" << path << "'; give a TOML file as in configs/");
    std::stringstream text;
    text << file.rdbuf();
    return parse_run_config(text.str(), path, overrides);
}

std::string to_toml(RunConfig const& config, PathKeys paths) {
    std::string text;
    std::string open;
    visit_keys(config,
               [&](std::string const& section, char const* key, auto const& value, KeyKind kind) {
                   if (kind == KeyKind::path && paths == PathKeys::leave_out) {
                       return;
                   }
                   if (section != open) {
                       text += fmt::format("{}[{}]\n", open.empty() ? "" : "\n", section);
                       open = section;
                   }
                   text += fmt::format("{} = {}\n", key, format_value(value));
               });
    return text + sets_as_toml(config.finetune.sets, paths);
}

std::vector<KeyChange> require_compatible(RunConfig const& stored, RunConfig const& given) {
    std::vector<KeyChange> changes = compare(stored, given);
    auto const& allowed = given.run.allow_changes;
    std::string refused;
    for (KeyChange const& change : changes) {
        bool const named = std::find(allowed.begin(), allowed.end(), change.key) != allowed.end();
        if (!change.free && !named) {
            refused += fmt::format("\n  {}: the run has {}, now {}", change.key, change.stored,
                                   change.given);
        }
    }
    DNAGPT_VALIDATE(refused.empty(),
                    << "this run was started with other settings (resuming would mix two runs):"
                    << refused
                    << "\nuse another run.folder, or name the keys in run.allow_changes");
    return changes;
}

}  // namespace dnagpt
