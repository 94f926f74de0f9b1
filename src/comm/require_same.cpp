#include "dnagpt/comm/require_same.hpp"

#include <fmt/format.h>

#include <sstream>

#include "dnagpt/core/check.hpp"

namespace dnagpt {
namespace {

struct Lines {
    std::string first;
    std::string second;
};

/// The first lines that are not the same.
Lines first_difference(std::string const& a, std::string const& b) {
    std::istringstream first(a);
    std::istringstream second(b);
    Lines lines;
    do {
        lines = {};
        std::getline(first, lines.first);
        std::getline(second, lines.second);
    } while (lines.first == lines.second && (first || second));
    return lines;
}

}  // namespace

void require_same(Communicator const& world, std::string const& what, std::string const& text,
                  std::string const& advice) {
    std::string const expected = world.broadcast(text);
    std::string problem;
    if (text != expected) {
        Lines const lines = first_difference(expected, text);
        problem = fmt::format("rank {} has another {} than rank 0 (\"{}\" instead of \"{}\"); {}",
                              world.rank(), what, lines.second, lines.first, advice);
    }
    world.throw_together(problem);
}

}  // namespace dnagpt
