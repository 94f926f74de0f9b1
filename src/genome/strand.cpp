#include "dnagpt/genome/strand.hpp"

#include <algorithm>
#include <array>

#include "dnagpt/core/check.hpp"

namespace dnagpt {
namespace {

constexpr std::array<std::string_view, 3> names = {"forward", "reverse", "both"};

}  // namespace

Strand strand_called(std::string const& name) {
    auto const* const found = std::ranges::find(names, name);
    DNAGPT_VALIDATE(found != names.end(),
                    << "'" << name << "' is no strand; say forward, reverse or both");
    return static_cast<Strand>(found - names.begin());
}

std::string_view strand_name(Strand strand) {
    return names[static_cast<std::size_t>(strand)];
}

std::vector<bool> reversals(Strand strand) {
    return strand == Strand::both ? std::vector{false, true}
                                  : std::vector{strand == Strand::reverse};
}

}  // namespace dnagpt
