#include "signal_records.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/genome/table_rows.hpp"
#include "dnagpt/genome/text_lines.hpp"
#include "expression_genes.hpp"

namespace dnagpt {
namespace {

/// A letter that ends every line is a label, and must be that of the option.
void check_label_letter(std::string const& path, std::string const& label, char letter) {
    if (letter == '\0') {
        return;
    }
    char const expected = label == "positive" ? 'P' : 'N';
    DNAGPT_VALIDATE(letter == expected,
                    << path << " is given as --" << label << ", and each of its lines ends in the "
                    << "label letter " << letter << "; give it to the other option, or take the "
                    << "letters off if they are wrong");
    log_info(path + ": the letter that ends each line was taken as its label, not a base");
}

void append_sequences(std::vector<std::string> const& paths, std::string const& label,
                      std::vector<SignalRecord>& records) {
    for (std::string const& path : paths) {
        LabelledFile file = read_sequences(path, label);
        check_label_letter(path, label, file.label_letter);
        for (LabelledRecord& record : file.records) {
            records.push_back({std::move(record), Split::train});
        }
    }
}

void append_table(std::string const& path, Split split, std::vector<SignalRecord>& records) {
    for (LabelledRecord& record : read_labelled_table(path)) {
        records.push_back({std::move(record), split});
    }
}

/// An option and the files that it names.
struct NamedFiles {
    char const* option;
    std::vector<std::string> paths;
};

bool is_same_file(std::string const& one, std::string const& other) {
    std::error_code missing;
    return std::filesystem::equivalent(one, other, missing);
}

/// A pattern such as `hs_*` may match files of the other side too.
void require_different_files(NamedFiles const& one, NamedFiles const& other) {
    for (std::string const& path : one.paths) {
        bool const shared = std::ranges::any_of(
            other.paths, [&](std::string const& each) { return is_same_file(path, each); });
        DNAGPT_VALIDATE(!shared, << path << " is named by " << one.option << " and by "
                                 << other.option << " (its records would stand on both sides); "
                                 << "name it once, and see what a pattern matches");
    }
}

void check_files(SignalsOptions const& options) {
    require_different_files({"--positive", options.positive}, {"--negative", options.negative});
    require_different_files({"--train", {options.train}}, {"--validation", {options.validation}});
    require_different_files({"--train", {options.train}}, {"--test", {options.test}});
    require_different_files({"--validation", {options.validation}}, {"--test", {options.test}});
}

void check_sources(SignalsOptions const& options) {
    bool const pairs = !options.positive.empty() || !options.negative.empty();
    int const kinds =
        (pairs ? 1 : 0) + (options.table.empty() ? 0 : 1) + (has_ready_splits(options) ? 1 : 0);
    DNAGPT_VALIDATE(kinds == 1, << "give one kind of input: --positive and --negative, or --table, "
                                   "or --train, --validation and --test");
    DNAGPT_VALIDATE(!pairs || (!options.positive.empty() && !options.negative.empty()),
                    << "--positive and --negative belong together (a class without records cannot "
                       "be learned); give both");
    DNAGPT_VALIDATE(
        !has_ready_splits(options) ||
            (!options.train.empty() && !options.validation.empty() && !options.test.empty()),
        << "--train, --validation and --test belong together; give all three, or "
           "--table with one file that is split here");
    check_files(options);
}

/// A class that is not trained on cannot be answered.
void require_trained_labels(SignalsOptions const& options,
                            std::vector<SignalRecord> const& records) {
    std::set<std::string> trained;
    for (SignalRecord const& each : records) {
        if (each.split == Split::train) {
            trained.insert(each.record.label);
        }
    }
    for (SignalRecord const& each : records) {
        DNAGPT_VALIDATE(trained.contains(each.record.label),
                        << each.record.place << ": no row of " << options.train
                        << " has the label '" << each.record.label
                        << "' (a class that is not trained on cannot be answered); correct the "
                           "label or take the row out");
    }
}

/// The fields of a table's rows: first those of the id where it is asked for, then the numbers.
struct TableColumns {
    std::vector<std::string> names;  ///< of the numbers
    std::vector<TableRow> rows;
    std::size_t id = 0;
    std::size_t numbers = 0;
};

/// A table of which a sequence column is named has a head line, so other columns may be numbered.
TableColumns read_columns(SignalsOptions const& options) {
    std::vector<std::string> const head = table_head(options.table);
    auto const sequence = std::ranges::find_if(
        head, [](std::string const& name) { return equals_in_any_case(name, "sequence"); });
    std::vector<std::string> columns(sequence, sequence == head.end() ? sequence : sequence + 1);
    TableColumns read;
    read.id = columns.size();
    if (!options.id_column.empty()) {
        columns.push_back(options.id_column);
    }
    read.numbers = columns.size();
    columns.insert(columns.end(), options.number_columns.begin(), options.number_columns.end());
    read.names = for_each_table_row(options.table, columns,
                                    [&](TableRow const& row) { read.rows.push_back(row); });
    read.names.erase(read.names.begin(),
                     read.names.begin() + static_cast<std::ptrdiff_t>(read.numbers));
    return read;
}

std::vector<double> numbers_of(NumberColumns const& columns, TableRow const& row, std::size_t first,
                               std::string const& place) {
    std::vector<double> numbers;
    for (std::optional<double> const& number : columns.read(row, first)) {
        DNAGPT_VALIDATE(number.has_value(),
                        << place << ": " << columns.columns()[numbers.size()]
                        << " is missing (every example has all numbers); give it or take the row "
                           "out");
        numbers.push_back(*number);
    }
    return numbers;
}

/// Gives the records of --table their ids and numbers.
void add_columns(SignalsOptions const& options, SignalRecords& read) {
    if (options.id_column.empty() && options.number_columns.empty()) {
        return;
    }
    TableColumns columns = read_columns(options);
    DNAGPT_VALIDATE(columns.rows.size() == read.records.size(),
                    << options.table << " has no head line with sequence and label (columns are "
                    << "named by it); add it, or give 1-based numbers for all columns");
    NumberColumns const numbers(options.table, options.number_columns, {});
    for (std::size_t i = 0; i < columns.rows.size(); ++i) {
        TableRow const& row = columns.rows[i];
        SignalRecord& each = read.records[i];
        each.numbers = numbers_of(numbers, row, columns.numbers, each.record.place);
        if (!options.id_column.empty()) {
            each.record.id = row.fields[columns.id];
            DNAGPT_VALIDATE(!each.record.id.empty(), << each.record.place << " has no id in "
                                                     << options.id_column << "; give one");
        }
    }
    read.number_names = numbers.names(std::move(columns.names));
}

}  // namespace

bool has_ready_splits(SignalsOptions const& options) {
    return !options.train.empty() || !options.validation.empty() || !options.test.empty();
}

SignalRecords read_signal_records(SignalsOptions const& options) {
    check_sources(options);
    SignalRecords read;
    auto& records = read.records;
    if (!options.positive.empty()) {
        append_sequences(options.negative, "negative", records);
        append_sequences(options.positive, "positive", records);
    } else if (!options.table.empty()) {
        append_table(options.table, Split::train, records);
        add_columns(options, read);
    } else {
        append_table(options.train, Split::train, records);
        append_table(options.validation, Split::validation, records);
        append_table(options.test, Split::test, records);
        require_trained_labels(options, records);
    }
    return read;
}

}  // namespace dnagpt
