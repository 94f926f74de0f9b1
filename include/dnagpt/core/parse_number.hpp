#pragma once

#include <charconv>
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

}  // namespace dnagpt
