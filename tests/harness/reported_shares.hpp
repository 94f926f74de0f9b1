#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace dnagpt::testing {

/// What a ReportShare hears: rising shares of which some lie inside and the last is 1.
struct ReportedShares {
    std::vector<double> shares;

    auto listener() {
        return [this](double share) { shares.push_back(share); };
    }

    void expect_rise_to_one() const {
        ASSERT_FALSE(shares.empty());
        EXPECT_TRUE(std::ranges::is_sorted(shares));
        EXPECT_TRUE(
            std::ranges::any_of(shares, [](double share) { return 0 < share && share < 1; }));
        EXPECT_DOUBLE_EQ(shares.back(), 1);
    }
};

}  // namespace dnagpt::testing
