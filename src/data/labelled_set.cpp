#include "dnagpt/data/labelled_set.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/io/durable_file.hpp"
#include "dnagpt/io/hdf5_file.hpp"

namespace dnagpt {
namespace {

constexpr char const* set_format = "dnagpt labelled set";
constexpr std::uint8_t last_code = 4;

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
    DNAGPT_EXPECT(!set.examples.empty());
    DNAGPT_EXPECT(set.classes.empty() == (set.answer != AnswerKind::classes));
    for (LabelledExample const& example : set.examples) {
        DNAGPT_EXPECT(example.numbers.size() == set.number_names.size());
        DNAGPT_EXPECT(
            set.classes.empty() ||
            (example.label >= 0 && static_cast<std::size_t>(example.label) < set.classes.size()));
    }
}

void write_attributes(Hdf5File& file, LabelledSet const& set) {
    file.set_attribute("/", "format", set_format);
    file.set_attribute("/", "format_version", labelled_set_version);
    file.set_attribute("/", "answer", answer_name(set.answer));
    file.set_attribute("/", "species_token", std::string_view(&set.species_token, 1));
    file.set_attribute("/", "target_name", set.target_name);
    file.set_attribute("/", "settings", set.settings);
    file.set_attribute("/", "program_version", set.program_version);
}

void write_answers(Hdf5File& file, LabelledSet const& set) {
    if (set.answer == AnswerKind::classes) {
        file.write_strings("/classes", set.classes);
        file.write("/label", column<std::int32_t>(set, [](auto& e) { return e.label; }));
    }
    if (set.answer == AnswerKind::number) {
        file.write("/target", column<double>(set, [](auto& e) { return e.target; }));
    }
}

void write_numbers(Hdf5File& file, LabelledSet const& set) {
    if (set.number_names.empty()) {
        return;
    }
    std::vector<double> numbers;
    for (LabelledExample const& example : set.examples) {
        numbers.insert(numbers.end(), example.numbers.begin(), example.numbers.end());
    }
    file.write_strings("/number_names", set.number_names);
    file.write("/numbers", numbers, static_cast<std::int64_t>(set.number_names.size()));
}

void write_bases(Hdf5File& file, LabelledSet const& set) {
    std::vector<std::int64_t> const offsets = base_offsets(set);
    std::vector<std::uint8_t> bases;
    bases.reserve(static_cast<std::size_t>(offsets.back()));
    for (LabelledExample const& example : set.examples) {
        bases.insert(bases.end(), example.codes.begin(), example.codes.end());
    }
    file.write("/first_base", offsets);
    if (!bases.empty()) {
        file.write("/bases", bases);
    }
}

void write_sites(Hdf5File& file, LabelledSet const& set) {
    if (set.sites.empty()) {
        return;
    }
    std::vector<std::string> contigs;
    std::vector<std::int64_t> positions;
    std::vector<std::string> ids;
    std::vector<std::string> references;
    std::vector<std::string> alternatives;
    for (HaplotypeSite const& site : set.sites) {
        contigs.push_back(site.contig);
        positions.push_back(site.position);
        ids.push_back(site.id);
        references.push_back(site.reference);
        alternatives.push_back(site.alternative);
    }
    file.write_strings("/sites/contig", contigs);
    file.write("/sites/position", positions);
    file.write_strings("/sites/id", ids);
    file.write_strings("/sites/reference", references);
    file.write_strings("/sites/alternative", alternatives);
}

void write_content(Hdf5File& file, LabelledSet const& set) {
    write_attributes(file, set);
    file.write_strings("/id", column<std::string>(set, [](auto& e) { return e.id; }));
    file.write("/group", column<std::int32_t>(set, [](auto& e) { return e.group; }));
    file.write("/split", column<std::uint8_t>(set, [](auto& e) { return e.split; }));
    write_answers(file, set);
    write_numbers(file, set);
    write_bases(file, set);
    write_sites(file, set);
}

/// A column of the file, or nothing where the set has none.
template <class T>
std::vector<T> read_if_there(Hdf5File const& file, std::string const& name) {
    return file.has(name) ? file.read<T>(name) : std::vector<T>();
}
std::vector<std::string> read_texts_if_there(Hdf5File const& file, std::string const& name) {
    return file.has(name) ? file.read_strings(name) : std::vector<std::string>();
}

void require_length(Hdf5File const& file, std::size_t length, std::size_t wanted) {
    DNAGPT_VALIDATE(length == wanted,
                    << file.path() << ": the columns differ in length; make the set again");
}

std::vector<HaplotypeSite> read_sites(Hdf5File const& file) {
    auto contigs = read_texts_if_there(file, "/sites/contig");
    if (contigs.empty()) {
        return {};
    }
    auto const positions = file.read<std::int64_t>("/sites/position");
    auto ids = file.read_strings("/sites/id");
    auto references = file.read_strings("/sites/reference");
    auto alternatives = file.read_strings("/sites/alternative");
    for (std::size_t const length :
         {positions.size(), ids.size(), references.size(), alternatives.size()}) {
        require_length(file, length, contigs.size());
    }
    std::vector<HaplotypeSite> sites;
    for (std::size_t i = 0; i < contigs.size(); ++i) {
        sites.push_back({std::move(contigs[i]), positions[i], std::move(ids[i]),
                         std::move(references[i]), std::move(alternatives[i])});
    }
    return sites;
}

void read_bases(Hdf5File const& file, std::vector<LabelledExample>& examples) {
    auto const offsets = file.read<std::int64_t>("/first_base");
    auto const bases = read_if_there<std::uint8_t>(file, "/bases");
    require_length(file, offsets.size(), examples.size() + 1);
    DNAGPT_VALIDATE(offsets.front() == 0 && std::ranges::is_sorted(offsets),
                    << file.path() << ": /first_base does not rise from 0 on (another program "
                    << "wrote it?); make the set again");
    require_length(file, bases.size(), static_cast<std::size_t>(offsets.back()));
    auto const strange = std::ranges::find_if(bases, [](std::uint8_t b) { return b > last_code; });
    DNAGPT_VALIDATE(strange == bases.end(), << file.path() << ": /bases holds " << int{*strange}
                                            << " (codes are 0 .. " << int{last_code}
                                            << " for N A G C T); make the set again");
    for (std::size_t i = 0; i < examples.size(); ++i) {
        examples[i].codes.assign(bases.begin() + offsets[i], bases.begin() + offsets[i + 1]);
    }
}

std::vector<LabelledExample> read_examples(Hdf5File const& file, std::size_t numbers_each) {
    auto ids = file.read_strings("/id");
    std::size_t const count = ids.size();
    DNAGPT_VALIDATE(count > 0, << file.path() << " holds no example; make the set again");
    auto const groups = file.read<std::int32_t>("/group");
    auto const splits = file.read<std::uint8_t>("/split");
    auto const labels = read_if_there<std::int32_t>(file, "/label");
    auto const targets = read_if_there<double>(file, "/target");
    auto const numbers = read_if_there<double>(file, "/numbers");
    require_length(file, groups.size(), count);
    require_length(file, splits.size(), count);
    require_length(file, numbers.size(), count * numbers_each);
    require_length(file, labels.empty() ? count : labels.size(), count);
    require_length(file, targets.empty() ? count : targets.size(), count);
    std::vector<LabelledExample> examples(count);
    for (std::size_t i = 0; i < count; ++i) {
        DNAGPT_VALIDATE(splits[i] < split_count,
                        << file.path() << ": example " << ids[i] << " has the split "
                        << int{splits[i]}
                        << " (0 train, 1 validation, 2 test); make the set again");
        LabelledExample& example = examples[i];
        example.id = std::move(ids[i]);
        example.label = labels.empty() ? 0 : labels[i];
        example.group = groups[i];
        example.split = static_cast<Split>(splits[i]);
        example.target = targets.empty() ? 0 : targets[i];
        auto const first = numbers.begin() + static_cast<std::ptrdiff_t>(i * numbers_each);
        example.numbers.assign(first, first + static_cast<std::ptrdiff_t>(numbers_each));
    }
    read_bases(file, examples);
    return examples;
}

/// What is written here holds these; a set of another program may not.
void require_answers(Hdf5File const& file, LabelledSet const& set) {
    char const* const column = set.answer == AnswerKind::classes  ? "/label"
                               : set.answer == AnswerKind::number ? "/target"
                                                                  : "/id";
    DNAGPT_VALIDATE(file.has(column), << file.path() << " has no " << column << " (its answer is "
                                      << answer_name(set.answer) << "); make the set again");
    bool const asks_class = set.answer == AnswerKind::classes;
    std::size_t const classes = std::max<std::size_t>(set.classes.size(), asks_class ? 0 : 1);
    for (LabelledExample const& example : set.examples) {
        bool const known = example.label >= 0 && static_cast<std::size_t>(example.label) < classes;
        DNAGPT_VALIDATE(known, << file.path() << ": example " << example.id << " has the label "
                               << example.label << ", and the set has " << set.classes.size()
                               << " classes, counted from 0; make the set again");
    }
}

bool has_format(Hdf5File const& file) {
    return file.has_attribute("/", "format") && file.string_attribute("/", "format") == set_format;
}

void require_format(Hdf5File const& file) {
    DNAGPT_VALIDATE(has_format(file),
                    << file.path() << " is no labelled set (it is another kind of file); give one "
                    << "that dnagpt-prep signals, expression or haplotypes made");
    std::int64_t const version = file.int_attribute("/", "format_version");
    DNAGPT_VALIDATE(version == labelled_set_version,
                    << file.path() << " has set format " << version << " (this program reads "
                    << labelled_set_version << "); make the set again with this version");
}

char read_species_token(Hdf5File const& file) {
    std::string const token = file.string_attribute("/", "species_token");
    DNAGPT_VALIDATE(token.size() == 1, << file.path() << ": species_token is not one letter; make "
                                       << "the set again");
    return token.front();
}

constexpr std::array<std::string_view, 3> answer_names = {"class", "number", "words"};

}  // namespace

std::string_view answer_name(AnswerKind answer) {
    return answer_names[static_cast<std::size_t>(answer)];
}

AnswerKind answer_called(std::string_view name) {
    auto const place = std::ranges::find(answer_names, name);
    DNAGPT_VALIDATE(place != answer_names.end(), << "there is no answer called '" << name
                                                 << "' (it is class, number or words); "
                                                 << "correct it");
    return static_cast<AnswerKind>(place - answer_names.begin());
}

void write_labelled_set(std::string const& path, LabelledSet const& set) {
    check(set);
    UnfinishedFile unfinished(path);
    std::int64_t const bases = base_offsets(set).back();
    {
        Hdf5File file = Hdf5File::create(unfinished.path(), user_block_bytes(bases));
        write_content(file, set);
        file.close_and_seal();
    }
    unfinished.finish();
}

LabelledSet read_labelled_set(std::string const& path) {
    Hdf5File const file = Hdf5File::open_read(path);
    require_format(file);
    LabelledSet set;
    set.path = path;
    set.answer = answer_called(file.string_attribute("/", "answer"));
    set.classes = read_texts_if_there(file, "/classes");
    set.species_token = read_species_token(file);
    set.settings = file.string_attribute("/", "settings");
    set.program_version = file.string_attribute("/", "program_version");
    set.number_names = read_texts_if_there(file, "/number_names");
    set.target_name = file.string_attribute("/", "target_name");
    set.examples = read_examples(file, set.number_names.size());
    require_answers(file, set);
    set.sites = read_sites(file);
    return set;
}

std::uint64_t labelled_set_digest(std::string const& path) {
    return file_digest(open_for_reading(path));
}

bool is_labelled_set(std::string const& path) {
    return has_format(Hdf5File::open_read(path));
}

std::vector<std::vector<std::int64_t>> count_examples(LabelledSet const& set) {
    std::size_t const classes = std::max<std::size_t>(set.classes.size(), 1);
    std::vector<std::vector<std::int64_t>> counts(split_count,
                                                  std::vector<std::int64_t>(classes, 0));
    for (LabelledExample const& example : set.examples) {
        ++counts[static_cast<std::size_t>(example.split)][static_cast<std::size_t>(example.label)];
    }
    return counts;
}

}  // namespace dnagpt
