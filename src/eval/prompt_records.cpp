#include "dnagpt/eval/prompt_records.hpp"

#include <fmt/format.h>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/parse_number.hpp"
#include "dnagpt/eval/text_fields.hpp"

namespace dnagpt {

std::string to_text(PromptRecord const& record) {
    std::vector<std::string> fields = {record.id, std::to_string(record.start),
                                       std::to_string(record.end), record.text};
    for (double const number : record.numbers) {
        fields.push_back(fmt::format("{}", number));
    }
    return joined_fields(fields);
}

PromptRecord prompt_record_from(std::string const& text) {
    TextFields fields(text);
    PromptRecord record;
    record.id = fields.take();
    record.start = fields.take_whole_number();
    record.end = fields.take_whole_number();
    record.text = fields.take();
    while (!fields.empty()) {
        auto const number = parse_decimal_number(fields.take());
        DNAGPT_EXPECT(number.has_value());
        record.numbers.push_back(*number);
    }
    return record;
}

}  // namespace dnagpt
