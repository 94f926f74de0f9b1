#include "dnagpt/data/labelled_set.hpp"

#include <algorithm>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/io/durable_file.hpp"
#include "dnagpt/io/hdf5_file.hpp"

namespace dnagpt {
namespace {

constexpr char const* set_format = "dnagpt labelled set";

template <class T, class Read>
std::vector<T> column(LabelledSet const& set, Read const& read) {
    std::vector<T> values;
    values.reserve(set.examples.size());
    for (LabelledExample const& example : set.examples) {
        values.push_back(static_cast<T>(read(example)));
    }
    return values;
}

/// Places of the first bases, and behind the last the number of all.
std::vector<std::int64_t> base_offsets(LabelledSet const& set) {
    std::vector<std::int64_t> offsets = {0};
    for (LabelledExample const& example : set.examples) {
        offsets.push_back(offsets.back() + static_cast<std::int64_t>(example.codes.size()));
    }
    return offsets;
}

void check(LabelledSet const& set) {
    DNAGPT_EXPECT(!set.examples.empty() && !set.classes.empty());
    for (LabelledExample const& example : set.examples) {
        DNAGPT_EXPECT(example.label >= 0 &&
                      static_cast<std::size_t>(example.label) < set.classes.size());
    }
}

void write_content(Hdf5File& file, LabelledSet const& set) {
    file.set_attribute("/", "format", set_format);
    file.set_attribute("/", "format_version", labelled_set_version);
    file.set_attribute("/", "species_token", std::string_view(&set.species_token, 1));
    file.set_attribute("/", "settings", set.settings);
    file.set_attribute("/", "program_version", set.program_version);
    file.write_strings("/classes", set.classes);
    file.write_strings("/id", column<std::string>(set, [](auto& e) { return e.id; }));
    file.write("/first_base", base_offsets(set));
    file.write("/label", column<std::int32_t>(set, [](auto& e) { return e.label; }));
    file.write("/group", column<std::int32_t>(set, [](auto& e) { return e.group; }));
    file.write("/split", column<std::uint8_t>(set, [](auto& e) { return e.split; }));
    std::vector<std::uint8_t> bases;
    bases.reserve(static_cast<std::size_t>(base_offsets(set).back()));
    for (LabelledExample const& example : set.examples) {
        bases.insert(bases.end(), example.codes.begin(), example.codes.end());
    }
    file.write("/bases", bases);
}

bool has_format(Hdf5File const& file) {
    return file.has_attribute("/", "format") && file.string_attribute("/", "format") == set_format;
}

void require_format(Hdf5File const& file) {
    DNAGPT_VALIDATE(has_format(file),
                    << file.path() << " is no labelled set (it is another kind of file); give one "
                    << "that `dnagpt-prep signals` made");
    std::int64_t const version = file.int_attribute("/", "format_version");
    DNAGPT_VALIDATE(version == labelled_set_version,
                    << file.path() << " has set format " << version << " (this program reads "
                    << labelled_set_version << "); make the set again with this version");
}

}  // namespace

void write_labelled_set(std::string const& path, LabelledSet const& set) {
    check(set);
    std::string const temporary = path + ".partial";
    std::int64_t const bases = base_offsets(set).back();
    {
        Hdf5File file = Hdf5File::create(temporary, user_block_bytes(bases));
        write_content(file, set);
        file.close_and_seal();
    }
    rename_durably(temporary, path);
}

LabelledSet read_labelled_set(std::string const& path) {
    Hdf5File const file = Hdf5File::open_read(path);
    require_format(file);
    LabelledSet set;
    set.classes = file.read_strings("/classes");
    set.species_token = file.string_attribute("/", "species_token").front();
    set.settings = file.string_attribute("/", "settings");
    set.program_version = file.string_attribute("/", "program_version");
    auto ids = file.read_strings("/id");
    auto const offsets = file.read<std::int64_t>("/first_base");
    auto const labels = file.read<std::int32_t>("/label");
    auto const groups = file.read<std::int32_t>("/group");
    auto const splits = file.read<std::uint8_t>("/split");
    auto const bases = file.read<std::uint8_t>("/bases");
    DNAGPT_VALIDATE(offsets.size() == ids.size() + 1 && labels.size() == ids.size() &&
                        groups.size() == ids.size() && splits.size() == ids.size() &&
                        offsets.back() == static_cast<std::int64_t>(bases.size()),
                    << path << ": the columns differ in length; make the set again");
    for (std::size_t i = 0; i < ids.size(); ++i) {
        auto const first = bases.begin() + offsets[i];
        set.examples.push_back({std::move(ids[i]),
                                {first, bases.begin() + offsets[i + 1]},
                                labels[i],
                                groups[i],
                                static_cast<Split>(splits[i])});
    }
    return set;
}

bool is_labelled_set(std::string const& path) {
    return has_format(Hdf5File::open_read(path));
}

std::vector<std::vector<std::int64_t>> count_examples(LabelledSet const& set) {
    std::vector<std::vector<std::int64_t>> counts(split_count,
                                                  std::vector<std::int64_t>(set.classes.size(), 0));
    for (LabelledExample const& example : set.examples) {
        ++counts[static_cast<std::size_t>(example.split)][static_cast<std::size_t>(example.label)];
    }
    return counts;
}

}  // namespace dnagpt
