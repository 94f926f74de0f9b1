#include "dnagpt/core/program.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <regex>
#include <string>
#include <vector>

namespace dnagpt {
namespace {

TEST(Program, VersionNamesProgramBuildAndTarget) {
    EXPECT_TRUE(std::regex_match(program_version("dnagpt"),
                                 std::regex(R"(dnagpt \d+\.\d+\.\d+ \(.*, -march=\S+\))")));
}

TEST(Program, ThisCpuHasWhatItsOwnBuildUses) {
    EXPECT_EQ(missing_instruction_sets(), "");
    EXPECT_NO_THROW(require_instruction_sets("dnagpt"));
}

TEST(Program, AllowedCoresFollowTheAffinity) {
    cpu_set_t all;
    ASSERT_EQ(sched_getaffinity(0, sizeof(all), &all), 0);
    int core = 0;
    while (!CPU_ISSET(core, &all)) {
        ++core;
    }
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    ASSERT_EQ(sched_setaffinity(0, sizeof(one), &one), 0);
    EXPECT_EQ(allowed_cores(), std::to_string(core));
    EXPECT_EQ(allowed_core_count(), 1);
    ASSERT_EQ(sched_setaffinity(0, sizeof(all), &all), 0);
    EXPECT_EQ(allowed_core_count(), CPU_COUNT(&all));
}

TEST(Program, FreeMemoryIsReadInBytes) {
    EXPECT_GT(host_free_memory(), std::int64_t{1} << 20);
    EXPECT_LT(host_free_memory(), std::int64_t{1} << 50);
}

TEST(Program, PeakMemoryGrowsWithWhatIsTouched) {
    constexpr std::int64_t bytes = std::int64_t{64} << 20;
    std::int64_t const before = peak_resident_bytes();
    EXPECT_GT(before, 0);
    std::vector<char> const touched(static_cast<std::size_t>(bytes), 'x');
    EXPECT_EQ(touched.back(), 'x');
    EXPECT_GE(peak_resident_bytes(), bytes);
    EXPECT_LE(peak_resident_bytes(), before + 2 * bytes);
}

}  // namespace
}  // namespace dnagpt
