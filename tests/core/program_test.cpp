#include "dnagpt/core/program.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <regex>
#include <string>

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
    ASSERT_EQ(sched_setaffinity(0, sizeof(all), &all), 0);
}

}  // namespace
}  // namespace dnagpt
