#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dnagpt {

/// One row of a table: the fields of the columns that were asked for, without blanks around them.
struct TableRow {
    std::int64_t number = 0;  ///< its line in the file, counted from 1
    std::vector<std::string> fields;
};

/// Calls visit for each row of a plain or gzip table whose fields are separated by tabs, else
/// commas (fields may be quoted), else blanks, as its first line shows; empty lines are left out.
/// `columns` are names of the head line or numbers counted from 1; a table of which only numbers
/// are asked has no head line. Returns the columns' names ("column 4" without a head line). Errors
/// name the file and the row: a column that is not there or twice, a row with more or fewer fields
/// than the first, no row.
std::vector<std::string> for_each_table_row(std::string const& path,
                                            std::vector<std::string> const& columns,
                                            std::function<void(TableRow const&)> const& visit);

/// The fields of a table's head line, a '#' before the first taken off.
std::vector<std::string> table_head(std::string const& path);

/// True for an empty field, NA, NaN, N/A, null, none and '.', in either case.
bool is_missing(std::string_view field);
/// The number in a field, nothing where it is missing; Error naming file, row and `column` for
/// another text or a number that is not finite.
std::optional<double> number_field(std::string const& path, std::int64_t row,
                                   std::string const& column, std::string_view field);

}  // namespace dnagpt
