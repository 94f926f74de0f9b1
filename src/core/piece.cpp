#include "dnagpt/core/piece.hpp"

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/parse_number.hpp"

namespace dnagpt {

Piece piece_from(std::string const& text) {
    std::size_t const slash = text.find('/');
    Piece piece{0, 0};
    if (slash != std::string::npos) {
        piece.number = parse_whole_number(text.substr(0, slash)).value_or(0);
        piece.count = parse_whole_number(text.substr(slash + 1)).value_or(0);
    }
    DNAGPT_VALIDATE(piece.number >= 1 && piece.number <= piece.count,
                    << "'" << text << "' is no piece of an array; write it as 2/8, from 1/8 to "
                    << "8/8");
    return piece;
}

}  // namespace dnagpt
