#include "dnagpt/data/disjoint_groups.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace dnagpt {

DisjointGroups::DisjointGroups(std::int32_t records) : parents_(static_cast<std::size_t>(records)) {
    std::iota(parents_.begin(), parents_.end(), 0);
}

std::int32_t DisjointGroups::smallest_of(std::int32_t record) {
    while (parents_[static_cast<std::size_t>(record)] != record) {
        std::int32_t& parent = parents_[static_cast<std::size_t>(record)];
        parent = parents_[static_cast<std::size_t>(parent)];
        record = parent;
    }
    return record;
}

void DisjointGroups::join(std::int32_t a, std::int32_t b) {
    a = smallest_of(a);
    b = smallest_of(b);
    parents_[static_cast<std::size_t>(std::max(a, b))] = std::min(a, b);
}

std::vector<std::int32_t> DisjointGroups::groups() {
    for (std::size_t record = 0; record < parents_.size(); ++record) {
        parents_[record] = smallest_of(static_cast<std::int32_t>(record));
    }
    return parents_;
}

}  // namespace dnagpt
