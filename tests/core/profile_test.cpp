#include "dnagpt/core/profile.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <string>
#include <thread>

namespace dnagpt {
namespace {

using Clock = std::chrono::steady_clock;

void wait(int milliseconds) {
    auto const end = Clock::now() + std::chrono::milliseconds(milliseconds);
    while (Clock::now() < end) {
    }
}

std::map<std::string, ProfileLine> by_name() {
    std::map<std::string, ProfileLine> found;
    for (ProfileLine const& line : profile_lines()) {
        found[line.room + "/" + line.operation] = line;
    }
    return found;
}

TEST(Profile, ChargesEachMomentToTheInnermostScopeAndAddsUpToTheWallTime) {
    auto const begin = Clock::now();
    start_profile();
    {
        ProfileScope const outer("ops", "outer");
        wait(2);
        for (int i = 0; i < 3; ++i) {
            ProfileScope const inner("comm", "inner", 5e6);
            wait(4);
        }
    }
    wait(1);
    auto const lines = by_name();
    double const wall = std::chrono::duration<double>(Clock::now() - begin).count();
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines.at("ops/outer").calls, 1);
    EXPECT_EQ(lines.at("comm/inner").calls, 3);
    EXPECT_EQ(lines.at("comm/inner").flops, 15e6);
    EXPECT_GE(lines.at("ops/outer").seconds, 0.002);
    EXPECT_GE(lines.at("comm/inner").seconds, 0.012);
    EXPECT_GE(lines.at("train/everything else").seconds, 0.001);
    double sum = 0;
    for (auto const& [name, line] : lines) {
        sum += line.seconds;
    }
    EXPECT_LE(sum, wall);
    EXPECT_GE(sum, 0.015);
    stop_profile();
}

TEST(Profile, OtherThreadsAndScopesOutsideOfAProfileDoNotCount) {
    { ProfileScope const before("ops", "before"); }
    start_profile();
    std::thread([] { ProfileScope const elsewhere("data", "elsewhere"); }).join();
    EXPECT_EQ(by_name().size(), 1U);
    stop_profile();
    EXPECT_FALSE(profiling());
    EXPECT_TRUE(profile_lines().empty());
}

TEST(Profile, ScopesThatOutliveAProfileAreHarmless) {
    start_profile();
    {
        ProfileScope const scope("ops", "left open");
        start_profile();
    }
    EXPECT_EQ(by_name().size(), 1U);
    stop_profile();
}

int fences = 0;

TEST(Profile, FencesAtBothEndsOfAScope) {
    fences = 0;
    start_profile([] { ++fences; });
    { ProfileScope const scope("ops", "queued"); }
    EXPECT_EQ(fences, 2);
    stop_profile();
}

TEST(Profile, TheTableGivesTimeByStepAndTheRateOfProducts) {
    std::string const text =
        format_profile({{"ops", "products", 8, 3.0, 6e9}, {"comm", "sums", 4, 1.0, 0}}, 4);
    EXPECT_NE(text.find("products"), std::string::npos) << text;
    EXPECT_NE(text.find("2.0      750.00   75.0 %       2.0"), std::string::npos) << text;
    EXPECT_NE(text.find("together"), std::string::npos) << text;
    EXPECT_NE(text.find("1000.00  100.0 %"), std::string::npos) << text;
}

}  // namespace
}  // namespace dnagpt
