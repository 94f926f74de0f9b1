#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace dnagpt {

/// The decimal number >= 0 that is all of `text`; nothing for any other text.
inline std::optional<std::int64_t> parse_whole_number(std::string_view text) {
    std::int64_t number = -1;
    auto const [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    bool const whole = error == std::errc() && stop == text.data() + text.size();
    return whole && number >= 0 ? std::optional(number) : std::nullopt;
}

/// The finite decimal number that is all of `text`; nothing for any other text.
inline std::optional<double> parse_decimal_number(std::string_view text) {
    if (text.starts_with('+') && !text.starts_with("+-")) {
        text.remove_prefix(1);
    }
    double number = 0;
    auto const [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    bool const whole = error == std::errc() && stop == text.data() + text.size();
    return whole && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

}  // namespace dnagpt
