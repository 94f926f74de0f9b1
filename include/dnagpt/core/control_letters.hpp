#pragma once

namespace dnagpt {

/// Whether a byte is a control character of ASCII: below the blank (line ends and tabs too), or
/// delete.
constexpr bool is_control_letter(char letter) {
    auto const byte = static_cast<unsigned char>(letter);
    return byte < 0x20 || byte == 0x7F;
}

}  // namespace dnagpt
