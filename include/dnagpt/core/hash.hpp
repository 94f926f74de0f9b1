#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dnagpt {

/// XXH3 with 64 bits: digests of files, names and blocks. Equal on every machine.
std::uint64_t hash_bytes(void const* data, std::size_t bytes, std::uint64_t seed = 0);

/// hash_bytes of a text's characters.
std::uint64_t hash_text(std::string_view text, std::uint64_t seed = 0);

/// Sixteen lower-case hexadecimal digits.
std::string hash_to_hex(std::uint64_t hash);

}  // namespace dnagpt
