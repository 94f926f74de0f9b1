#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "commands.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/parse_number.hpp"
#include "dnagpt/data/labelled_groups.hpp"
#include "dnagpt/data/labelled_split.hpp"
#include "dnagpt/genome/vocabulary.hpp"
#include "set_splits.hpp"
#include "signal_records.hpp"

namespace dnagpt {
namespace {

/// In the order of their numbers where all are numbers, by letters otherwise.
std::vector<std::string> class_names(std::vector<SignalRecord> const& records) {
    std::set<std::string> names;
    for (SignalRecord const& each : records) {
        names.insert(each.record.label);
    }
    std::vector<std::string> sorted(names.begin(), names.end());
    auto const is_number = [](std::string const& name) {
        return parse_whole_number(name).has_value();
    };
    if (std::ranges::all_of(sorted, is_number)) {
        std::ranges::sort(sorted, {},
                          [](std::string const& name) { return *parse_whole_number(name); });
    }
    DNAGPT_VALIDATE(sorted.size() >= 2, << "all records have the label '" << sorted.front()
                                        << "' (a class needs another beside it); check the "
                                           "label column");
    return sorted;
}

void remove_signal(SignalsOptions const& options, LabelledRecord& record) {
    if (options.keep_signal || options.signal_length == 0) {
        return;
    }
    auto const begin = static_cast<std::size_t>(options.signal_start);
    auto const end = begin + static_cast<std::size_t>(options.signal_length);
    DNAGPT_VALIDATE(record.codes.size() > end,
                    << record.place << " has " << record.codes.size()
                    << " bases, and the signal is to be taken out at " << begin << " .. " << end
                    << "; give the right --signal-start and --signal-length, or --keep-signal");
    record.codes.erase(record.codes.begin() + static_cast<std::ptrdiff_t>(begin),
                       record.codes.begin() + static_cast<std::ptrdiff_t>(end));
}

/// Ids that stand twice get a number behind them.
std::string unique_id(std::map<std::string, int>& seen, std::string const& id) {
    int const times = ++seen[id];
    return times == 1 ? id : fmt::format("{}#{}", id, times);
}

LabelledSet make_set(SignalsOptions const& options, SignalRecords read) {
    LabelledSet set;
    set.classes = class_names(read.records);
    set.number_names = std::move(read.number_names);
    species_token(options.species_token);
    set.species_token = options.species_token;
    std::map<std::string, int> seen;
    for (SignalRecord& each : read.records) {
        remove_signal(options, each.record);
        auto const label = std::ranges::find(set.classes, each.record.label);
        set.examples.push_back({unique_id(seen, each.record.id), std::move(each.record.codes),
                                static_cast<std::int32_t>(label - set.classes.begin()), 0,
                                each.split, std::move(each.numbers)});
    }
    return set;
}

/// The file of a class's records, or of a ready-made split, for messages.
std::string source_of(SignalsOptions const& options, std::string const& name, Split split) {
    if (has_ready_splits(options)) {
        return split == Split::train        ? options.train
               : split == Split::validation ? options.validation
                                            : options.test;
    }
    if (!options.table.empty()) {
        return options.table;
    }
    auto const& files = name == "positive" ? options.positive : options.negative;
    return files.size() == 1 ? files.front()
                             : fmt::format("{} and {} more", files.front(), files.size() - 1);
}

/// Each class must be there in every split, or no score means anything.
void require_classes(SignalsOptions const& options, LabelledSet const& set) {
    auto const counts = count_examples(set);
    for (std::size_t split = 0; split < split_count; ++split) {
        for (std::size_t label = 0; label < set.classes.size(); ++label) {
            auto const of = static_cast<Split>(split);
            DNAGPT_VALIDATE(counts[split][label] > 0,
                            << source_of(options, set.classes[label], of) << ": class '"
                            << set.classes[label] << "' has no record in " << split_name(of)
                            << (has_ready_splits(options)
                                    ? " (every split needs each class, and what is dropped is "
                                      "printed above); give records of it"
                                    : " (too few records, or too large groups); give more "
                                      "records, other --split shares or --group-by"));
        }
    }
}

void print_counts(LabelledSet const& set) {
    auto const counts = count_examples(set);
    print_split_head("records");
    for (std::size_t label = 0; label < set.classes.size(); ++label) {
        print_split_row(set.classes[label], {counts[0][label], counts[1][label], counts[2][label]});
    }
}

void split_here(SignalsOptions const& options, LabelledSet& set) {
    auto const dropped = drop_duplicates(set.examples);
    fmt::print("dropped   {} copies of a sequence, {} records of sequences with two labels\n",
               count_text(dropped.same_label), count_text(dropped.two_labels));
    DNAGPT_VALIDATE(!set.examples.empty(), << "no record is left; check the labels");
    print_groups(assign_groups(set.examples, group_by_called(options.group_by)));
    assign_splits(set.examples, split_shares(options.split, EmptySplits::refused), options.seed);
}

void keep_splits(LabelledSet& set) {
    std::int64_t const copies = drop_training_copies(set.examples);
    std::int64_t const two_labels = drop_training_contradictions(set.examples);
    fmt::print(
        "dropped   {} training records that stand in validation or test, {} of sequences "
        "with two labels\n",
        count_text(copies), count_text(two_labels));
    print_groups(assign_groups(set.examples, GroupBy::cluster));
}

std::string settings_text(SignalsOptions const& options) {
    return has_ready_splits(options)
               ? "splits as given"
               : split_settings(options.split, options.seed, options.group_by);
}

}  // namespace

void signals(SignalsOptions const& options) {
    SignalRecords read = read_signal_records(options);
    fmt::print("read      {} records\n", count_text(std::ssize(read.records)));
    LabelledSet set = make_set(options, std::move(read));
    set.settings = settings_text(options);
    set.program_version = DNAGPT_VERSION;
    if (has_ready_splits(options)) {
        keep_splits(set);
    } else {
        split_here(options, set);
    }
    require_classes(options, set);
    print_counts(set);
    if (!set.number_names.empty()) {
        print_statistics(set, "");
    }
    fmt::print("overlap   {} test records share a 32-mer with training\n",
               count_text(test_examples_sharing_kmers(set.examples)));
    write_labelled_set(options.output, set);
    fmt::print("wrote     {}\n", options.output);
}

}  // namespace dnagpt
