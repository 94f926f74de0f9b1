#include "dnagpt/comm/rank_0_answer.hpp"

#include <gtest/gtest.h>

#include "dnagpt/core/check.hpp"
#include "harness/message_of.hpp"
#include "harness/mpi_verdict.hpp"

namespace dnagpt {
namespace {

using testing::world;

TEST(Rank0Answer, EveryRankHasWhatRank0Found) {
    std::string const own = "rank " + std::to_string(world().rank());
    EXPECT_EQ(rank_0_answer(world(), [&] { return own; }), "rank 0");
}

TEST(Rank0Answer, NumbersComeAsTheyAre) {
    std::vector<std::int64_t> const own = {world().rank(), -1, std::int64_t{1} << 62};
    std::vector<std::int64_t> const expected = {0, -1, std::int64_t{1} << 62};
    EXPECT_EQ(rank_0_numbers(world(), [&] { return own; }), expected);
    EXPECT_TRUE(rank_0_numbers(world(), [] { return std::vector<std::int64_t>(); }).empty());
}

TEST(Rank0Answer, EveryRankThrowsWhatRank0Threw) {
    std::string const message = testing::message_of(
        [] { rank_0_answer(world(), []() -> std::string { throw Error("nothing there"); }); });
    EXPECT_NE(message.find("nothing there"), std::string::npos) << message;
}

}  // namespace
}  // namespace dnagpt
