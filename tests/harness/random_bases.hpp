#pragma once

#include <cstdint>
#include <string>

#include "dnagpt/core/random.hpp"

namespace dnagpt::testing {

/// Random letters, the same ones for the same seed.
inline std::string random_bases(std::int64_t length, std::uint64_t seed) {
    std::uint64_t const key = random_key({seed});
    std::string text;
    for (std::int64_t i = 0; i < length; ++i) {
        text += "ACGT"[random_below(key, static_cast<std::uint64_t>(i), 4)];
    }
    return text;
}

}  // namespace dnagpt::testing
