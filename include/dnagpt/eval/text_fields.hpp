#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/parse_number.hpp"

namespace dnagpt {

/// The ASCII unit separator: no id, prompt or number holds it.
inline constexpr char field_separator = '\x1f';

/// Fields as one text, as ranks send records to each other.
inline std::string joined_fields(std::vector<std::string> const& fields) {
    std::string text;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        text += (i > 0 ? std::string(1, field_separator) : "") + fields[i];
    }
    return text;
}

/// Reads them back, one after the other.
class TextFields {
  public:
    explicit TextFields(std::string_view text) : rest_(text) {}

    bool empty() const { return rest_.empty(); }
    std::string_view take() {
        std::size_t const end = std::min(rest_.find(field_separator), rest_.size());
        std::string_view const field = rest_.substr(0, end);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return field;
    }
    /// A field that is an integer.
    std::int64_t take_integer() {
        std::string_view const field = take();
        bool const negative = field.starts_with('-');
        auto const size = parse_whole_number(field.substr(negative ? 1 : 0));
        DNAGPT_EXPECT(size.has_value());
        return negative ? -*size : *size;
    }
    /// A field that is a whole number from 0 on.
    std::int64_t take_whole_number() {
        auto const number = parse_whole_number(take());
        DNAGPT_EXPECT(number.has_value());
        return *number;
    }

  private:
    std::string_view rest_;
};

}  // namespace dnagpt
