#include "dnagpt/core/check.hpp"

namespace dnagpt {

void throw_broken_expectation(char const* condition, char const* file, int line) {
    std::ostringstream text;
    text << "internal error: " << condition << " does not hold (" << file << ":" << line
         << "); please report this";
    throw Error(text.str());
}

}  // namespace dnagpt
