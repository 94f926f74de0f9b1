#include "dnagpt/apps/prompt_sources.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "dnagpt/core/check.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "dnagpt/genome/sequence_windows.hpp"
#include "dnagpt/genome/table_rows.hpp"
#include "dnagpt/genome/text_lines.hpp"

namespace dnagpt {
namespace {

using Visit = std::function<void(PromptRecord)>;

/// "prompt", or "id<tab>prompt".
PromptRecord record_of_line(std::string_view line, std::int64_t number) {
    std::size_t const tab = line.find('\t');
    bool const named = tab != std::string_view::npos;
    PromptRecord record;
    record.id = named ? std::string(line.substr(0, tab)) : fmt::format("prompt_{}", number);
    record.text = without_blanks(named ? line.substr(tab + 1) : line);
    return record;
}

void read_free_prompts(PromptSourceOptions const& options, Visit const& visit) {
    std::int64_t number = 0;
    for (std::string const& prompt : options.prompts) {
        visit(record_of_line(prompt, ++number));
    }
    if (options.prompts_file.empty()) {
        return;
    }
    std::string const path = options.is_standard_input() ? "/dev/stdin" : options.prompts_file;
    for_each_line(path, [&](std::string_view line, std::int64_t) {
        if (!without_blanks(line).empty()) {
            visit(record_of_line(line, ++number));
        }
    });
    DNAGPT_VALIDATE(number > 0, << path << " holds no prompt; write one a line");
}

WindowForm windows_of(PromptSourceOptions const& options, PromptRoom const& room) {
    std::int64_t const words =
        room.context_length - room.prompt.length(0, room.prompt.has_numbers() ? room.numbers : 0);
    DNAGPT_VALIDATE(words > 0, << "the prompt " << room.prompt.text() << " leaves no room for bases"
                               << " in a context of " << room.context_length << "; shorten it");
    return window_form(words * bases_per_word, options.overlap);
}

Visit with_numbers(Visit const& visit, std::vector<double> const& numbers) {
    return [&visit, &numbers](PromptRecord record) {
        record.numbers = numbers;
        visit(std::move(record));
    };
}

PromptRecord record_of_window(SequenceWindow const& window) {
    return {window.name,
            window.start,
            window.start + std::ssize(window.codes),
            bases_text(window.codes),
            {}};
}

void read_fasta(PromptSourceOptions const& options, PromptRoom const& room, Visit const& visit) {
    DNAGPT_VALIDATE(room.prompt.has_sequence() && !room.prompt.has_numbers(),
                    << "the prompt " << room.prompt.text()
                    << " does not take a sequence alone, which is what a FASTA file holds; give "
                       "--table or another --template");
    for_each_window(options.fasta, windows_of(options, room),
                    [&](SequenceWindow const& window) { visit(record_of_window(window)); });
}

/// Places of a row's fields: what is not asked for is -1.
struct TableColumns {
    std::vector<std::string> asked;
    int id = -1;
    int sequence = -1;
    int first_number = -1;
};

TableColumns table_columns(PromptSourceOptions const& options, PromptRoom const& room) {
    DNAGPT_VALIDATE(room.prompt.has_sequence() || room.prompt.has_numbers(),
                    << "the prompt " << room.prompt.text()
                    << " has no place for a row of a table; give a --template with {sequence} or "
                       "{numbers}");
    TableColumns columns;
    auto const ask = [&](std::string const& name) {
        columns.asked.push_back(name);
        return static_cast<int>(columns.asked.size()) - 1;
    };
    columns.id = options.id_column.empty() ? -1 : ask(options.id_column);
    columns.sequence = room.prompt.has_sequence() ? ask(options.sequence_column) : -1;
    if (room.prompt.has_numbers()) {
        DNAGPT_VALIDATE(room.numbers > 0, << "the prompt " << room.prompt.text()
                                          << " takes numbers; name their --number-columns");
        DNAGPT_VALIDATE(std::ssize(options.number_columns) == room.numbers,
                        << options.table << ": the prompt " << room.prompt.text() << " takes "
                        << room.numbers << " numbers; name as many --number-columns");
        columns.first_number = static_cast<int>(columns.asked.size());
        columns.asked.insert(columns.asked.end(), options.number_columns.begin(),
                             options.number_columns.end());
    }
    DNAGPT_VALIDATE(room.prompt.has_numbers() || options.number_columns.empty(),
                    << "the prompt " << room.prompt.text()
                    << " takes no numbers; leave --number-columns out, or give a --template with "
                       "{numbers}");
    return columns;
}

std::vector<double> numbers_of_row(std::string const& path, TableColumns const& columns,
                                   std::int64_t count, TableRow const& row) {
    std::vector<double> numbers;
    for (std::int64_t i = 0; i < count; ++i) {
        auto const place = static_cast<std::size_t>(columns.first_number + i);
        auto const number = number_field(path, row.number, columns.asked[place], row.fields[place]);
        DNAGPT_VALIDATE(number.has_value(), << path << " row " << row.number << ": column "
                                            << columns.asked[place]
                                            << " is empty; fill it in or take the row out");
        numbers.push_back(*number);
    }
    return numbers;
}

std::vector<std::uint8_t> codes_of_row(std::string const& path, TableRow const& row,
                                       std::string const& letters) {
    DNAGPT_VALIDATE(!letters.empty(), << path << " row " << row.number
                                      << ": the sequence is empty; take the row out");
    try {
        return base_codes(letters);
    } catch (Error const& error) {
        throw Error(fmt::format("{} row {}: {}", path, row.number, error.what()));
    }
}

void read_table(PromptSourceOptions const& options, PromptRoom const& room, Visit const& visit) {
    TableColumns const columns = table_columns(options, room);
    WindowForm const form = room.prompt.has_sequence() ? windows_of(options, room) : WindowForm{};
    std::int64_t const count = room.prompt.has_numbers() ? room.numbers : 0;
    std::int64_t made = 0;
    for_each_table_row(options.table, columns.asked, [&](TableRow const& row) {
        std::string const id = columns.id >= 0 ? row.fields[static_cast<std::size_t>(columns.id)]
                                               : fmt::format("row_{}", ++made);
        std::vector<double> const numbers = numbers_of_row(options.table, columns, count, row);
        Visit const visit_with = with_numbers(visit, numbers);
        if (columns.sequence < 0) {
            visit_with({id, 0, 0, "", {}});
            return;
        }
        auto const codes = codes_of_row(options.table, row,
                                        row.fields[static_cast<std::size_t>(columns.sequence)]);
        for_each_window_of(id, codes, form, [&](SequenceWindow const& window) {
            visit_with(record_of_window(window));
        });
    });
}

}  // namespace

void for_each_prompt(PromptSourceOptions const& options, PromptRoom const* room,
                     std::function<void(PromptRecord)> const& visit) {
    if (options.free_prompts()) {
        read_free_prompts(options, visit);
    } else if (!options.fasta.empty()) {
        read_fasta(options, *room, visit);
    } else {
        read_table(options, *room, visit);
    }
}

}  // namespace dnagpt
