#include "dnagpt/eval/prompt_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/parse_number.hpp"

namespace dnagpt {
namespace {

/// The ASCII unit separator: no id, prompt or number holds it.
constexpr char separator = '\x1f';

std::string_view take_field(std::string_view& text) {
    std::size_t const end = std::min(text.find(separator), text.size());
    std::string_view const field = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return field;
}

}  // namespace

std::string to_text(PromptRecord const& record) {
    std::string text = fmt::format("{}{}{}{}{}{}{}", record.id, separator, record.start, separator,
                                   record.end, separator, record.text);
    for (double const number : record.numbers) {
        text += fmt::format("{}{}", separator, number);
    }
    return text;
}

PromptRecord prompt_record_from(std::string const& text) {
    std::string_view rest = text;
    PromptRecord record;
    record.id = take_field(rest);
    record.start = parse_whole_number(take_field(rest)).value_or(-1);
    record.end = parse_whole_number(take_field(rest)).value_or(-1);
    DNAGPT_EXPECT(record.start >= 0 && record.end >= 0);
    record.text = take_field(rest);
    while (!rest.empty()) {
        auto const number = parse_decimal_number(take_field(rest));
        DNAGPT_EXPECT(number.has_value());
        record.numbers.push_back(*number);
    }
    return record;
}

}  // namespace dnagpt
