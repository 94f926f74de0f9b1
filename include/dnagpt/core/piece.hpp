#pragma once

#include <cstdint>
#include <string>

namespace dnagpt {

/// A share of the input for one job of an array: `number` (from 1) of `count`.
struct Piece {
    std::int64_t number = 1;
    std::int64_t count = 1;
};

/// Reads "2/8"; Error for another text.
Piece piece_from(std::string const& text);

}  // namespace dnagpt
