#include "dnagpt/core/hash.hpp"

#include <fmt/format.h>
#include <xxhash.h>

namespace dnagpt {

std::uint64_t hash_bytes(void const* data, std::size_t bytes, std::uint64_t seed) {
    return XXH3_64bits_withSeed(data, bytes, seed);
}

std::uint64_t hash_text(std::string_view text, std::uint64_t seed) {
    return hash_bytes(text.data(), text.size(), seed);
}

std::string hash_to_hex(std::uint64_t hash) {
    return fmt::format("{:016x}", hash);
}

}  // namespace dnagpt
