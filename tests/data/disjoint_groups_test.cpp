#include "dnagpt/data/disjoint_groups.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace dnagpt {
namespace {

TEST(DisjointGroups, AreCalledByTheirSmallestRecord) {
    DisjointGroups joined(6);
    EXPECT_EQ(joined.groups(), (std::vector<std::int32_t>{0, 1, 2, 3, 4, 5}));
    joined.join(5, 3);
    joined.join(4, 1);
    joined.join(3, 4);
    joined.join(2, 2);
    EXPECT_EQ(joined.groups(), (std::vector<std::int32_t>{0, 1, 2, 1, 1, 1}));
}

}  // namespace
}  // namespace dnagpt
