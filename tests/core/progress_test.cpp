#include "dnagpt/core/progress.hpp"

#include <gtest/gtest.h>

namespace dnagpt {
namespace {

TEST(Progress, CountsHaveSeparators) {
    EXPECT_EQ(format_count(0), "0");
    EXPECT_EQ(format_count(999), "999");
    EXPECT_EQ(format_count(1000), "1,000");
    EXPECT_EQ(format_count(113925120), "113,925,120");
}

TEST(Progress, BytesHaveBinaryUnits) {
    EXPECT_EQ(format_bytes(512), "512 B");
    EXPECT_EQ(format_bytes(1536), "1.5 KiB");
    EXPECT_EQ(format_bytes(std::uint64_t{3} << 30), "3.0 GiB");
}

TEST(Progress, SecondsGrowIntoMinutesAndHours) {
    EXPECT_EQ(format_seconds(4.2), "4.2 s");
    EXPECT_EQ(format_seconds(185), "3 min 05 s");
    EXPECT_EQ(format_seconds(3720), "1 h 02 min");
}

}  // namespace
}  // namespace dnagpt
