#include "dnagpt/genome/table_rows.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/parse_number.hpp"
#include "dnagpt/genome/labelled_text.hpp"
#include "dnagpt/genome/text_lines.hpp"

namespace dnagpt {
namespace {

constexpr char blanks = ' ';

char separator_of(std::string_view line) {
    if (line.find('\t') != line.npos) {
        return '\t';
    }
    return line.find(',') != line.npos ? ',' : blanks;
}

/// The fields of a line without blanks around them.
std::vector<std::string> fields_of(std::string_view line, char separator) {
    std::vector<std::string> fields;
    for (std::string const& field : split_fields(line, separator)) {
        std::string_view const text = without_blanks(field);
        if (separator != blanks || !text.empty()) {
            fields.emplace_back(text);
        }
    }
    return fields;
}

std::vector<std::string> head_fields(std::string_view line) {
    line = without_byte_order_mark(line);
    auto fields = fields_of(line, separator_of(line));
    if (!fields.empty() && fields.front().starts_with('#')) {
        fields.front().erase(0, 1);
    }
    return fields;
}

bool has_head_line(std::vector<std::string> const& columns) {
    return std::ranges::any_of(
        columns, [](std::string const& column) { return !parse_whole_number(column); });
}

/// The 0-based place of a column that is named by its number.
std::size_t numbered_place(std::string const& path, std::string const& column, std::int64_t number,
                           std::size_t count) {
    DNAGPT_VALIDATE(number >= 1 && static_cast<std::size_t>(number) <= count,
                    << path << " has no column " << column << " (its first line has " << count
                    << " columns, counted from 1); give another");
    return static_cast<std::size_t>(number - 1);
}

std::size_t named_place(std::string const& path, std::string const& column,
                        std::vector<std::string> const& head) {
    auto const place = std::ranges::find(head, column);
    auto const number = parse_whole_number(column);
    if (place == head.end() && number) {
        return numbered_place(path, column, *number, head.size());
    }
    DNAGPT_VALIDATE(place != head.end(),
                    << path << " has no column '" << column << "' (its first line is: "
                    << fmt::format("{:.200}", fmt::format("{}", fmt::join(head, ", ")))
                    << "); name one of these, or give 1-based numbers for all columns of a file "
                       "without a head line");
    DNAGPT_VALIDATE(std::find(place + 1, head.end(), column) == head.end(),
                    << path << " has two columns '" << column
                    << "'; give the 1-based number of the one that is meant");
    return static_cast<std::size_t>(place - head.begin());
}

/// What the first line of a table tells.
struct TableForm {
    char separator = '\t';
    bool has_head = false;
    std::size_t fields = 0;
    std::vector<std::size_t> places;  ///< of the columns that are asked for
    std::vector<std::string> names;
};

TableForm form_of(std::string const& path, std::string_view line,
                  std::vector<std::string> const& columns) {
    auto const head = head_fields(line);
    TableForm form{separator_of(line), has_head_line(columns), head.size(), {}, {}};
    for (std::string const& column : columns) {
        std::size_t const place =
            form.has_head ? named_place(path, column, head)
                          : numbered_place(path, column, *parse_whole_number(column), head.size());
        form.places.push_back(place);
        form.names.push_back(form.has_head ? head[place] : fmt::format("column {}", place + 1));
    }
    return form;
}

TableRow row_of(std::string const& path, std::string_view line, std::int64_t number,
                TableForm const& form) {
    auto fields = fields_of(line, form.separator);
    DNAGPT_VALIDATE(fields.size() == form.fields,
                    << path << " row " << number << " has " << fields.size()
                    << " columns (the first line has " << form.fields
                    << "); correct the row, or quote fields that hold the separator");
    TableRow row{number, {}};
    for (std::size_t const place : form.places) {
        DNAGPT_VALIDATE(fields[place].find('\t') == std::string::npos,
                        << path << " row " << number << " holds a tab within the field '"
                        << fields[place].substr(0, 40) << "'; take it out");
        row.fields.push_back(fields[place]);
    }
    return row;
}

}  // namespace

std::vector<std::string> for_each_table_row(std::string const& path,
                                            std::vector<std::string> const& columns,
                                            std::function<void(TableRow const&)> const& visit) {
    std::optional<TableForm> form;
    std::int64_t rows = 0;
    for_each_line(path, [&](std::string_view line, std::int64_t number) {
        if (without_blanks(line).empty()) {
            return;
        }
        bool const is_first = !form.has_value();
        if (is_first) {
            form = form_of(path, line, columns);
        }
        if (!is_first || !form->has_head) {
            visit(row_of(path, line, number, *form));
            ++rows;
        }
    });
    DNAGPT_VALIDATE(rows > 0, << path << " holds no row (it is empty or only a head line); check "
                              << "the file");
    return form->names;
}

std::vector<std::string> table_head(std::string const& path) {
    std::vector<std::string> head;
    for_each_line(path, [&](std::string_view line, std::int64_t) {
        if (head.empty() && !without_blanks(line).empty()) {
            head = head_fields(line);
        }
    });
    DNAGPT_VALIDATE(!head.empty(), << path << " is empty; check the file");
    return head;
}

bool is_missing(std::string_view field) {
    constexpr std::array<std::string_view, 7> missing = {"",     "na",   "nan", "n/a",
                                                         "null", "none", "."};
    return std::ranges::any_of(
        missing, [&](std::string_view text) { return equals_in_any_case(field, text); });
}

std::optional<double> number_field(std::string const& path, std::int64_t row,
                                   std::string const& column, std::string_view field) {
    if (is_missing(field)) {
        return std::nullopt;
    }
    auto const number = parse_decimal_number(field);
    DNAGPT_VALIDATE(number.has_value(), << path << " row " << row << ": '" << field.substr(0, 40)
                                        << "' in " << column
                                        << " is no finite number; correct it, leave it empty, or "
                                           "name another column");
    return number;
}

}  // namespace dnagpt
