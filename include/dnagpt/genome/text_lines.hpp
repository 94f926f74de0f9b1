#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace dnagpt {

/// Calls visit(line, number) for every line of a plain or gzip file, without its end ("\n" or
/// "\r\n"); numbers count from 1. Holds one line at a time. Errors name the file: it cannot be
/// opened, is damaged, or has a line that is longer than 256 MiB or holds a control character other
/// than the tab.
void for_each_line(std::string const& path,
                   std::function<void(std::string_view, std::int64_t)> const& visit);

/// `text` less the blanks and tabs around it.
std::string_view without_blanks(std::string_view text);

/// The first line of a file less the byte order mark that spreadsheets put before UTF-8.
std::string_view without_byte_order_mark(std::string_view line);

/// Whether `text` is `lower_case` in either case.
bool equals_in_any_case(std::string_view text, std::string_view lower_case);

}  // namespace dnagpt
