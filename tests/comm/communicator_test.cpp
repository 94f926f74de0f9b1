#include "dnagpt/comm/communicator.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "dnagpt/core/check.hpp"
#include "harness/mpi_verdict.hpp"

namespace dnagpt {
namespace {

using testing::world;

TEST(Communicator, SumsAndMaxima) {
    std::int64_t const n = world().size();
    EXPECT_EQ(world().all_reduce_sum(world().rank() + 1), n * (n + 1) / 2);
    EXPECT_EQ(world().all_reduce_max(world().rank()), n - 1);
    std::array<double, 2> values = {1.0, 0.5 * world().rank()};
    world().all_reduce_sum(values);
    EXPECT_EQ(values[0], static_cast<double>(n));
    EXPECT_EQ(values[1], 0.25 * static_cast<double>(n * (n - 1)));
}

TEST(Communicator, OneRankIsEnoughForAny) {
    EXPECT_TRUE(world().any(world().rank() == world().size() - 1));
    EXPECT_FALSE(world().any(false));
    EXPECT_EQ(world().all(world().rank() == 0), world().size() == 1);
}

TEST(Communicator, BroadcastsTextOfAnyLength) {
    std::string const text = world().rank() == 0 ? std::string(100000, 'x') : "something else";
    EXPECT_EQ(world().broadcast(text), std::string(100000, 'x'));
    EXPECT_EQ(world().broadcast(world().rank() == 0 ? "" : "y"), "");
}

TEST(Communicator, GathersTextsByRank) {
    auto const texts =
        world().all_gather(std::string(static_cast<std::size_t>(world().rank()), 'r'));
    ASSERT_EQ(texts.size(), static_cast<std::size_t>(world().size()));
    for (std::size_t r = 0; r < texts.size(); ++r) {
        EXPECT_EQ(texts[r].size(), r);
    }
}

TEST(Communicator, Rank0VisitsTextsInOrder) {
    std::string all;
    std::string const own(static_cast<std::size_t>(world().rank() % 3),
                          static_cast<char>('a' + world().rank()));
    world().gather_in_order(own, [&](std::string_view text) { all += std::string(text) + ","; });
    std::string expected;
    for (int r = 0; r < world().size() && world().rank() == 0; ++r) {
        expected += std::string(static_cast<std::size_t>(r % 3), static_cast<char>('a' + r)) + ",";
    }
    EXPECT_EQ(all, expected);
}

TEST(Communicator, OneRanksProblemIsThrownByAll) {
    EXPECT_NO_THROW(world().throw_together(""));
    EXPECT_THROW(world().throw_together(world().rank() == world().size() - 1 ? "broken" : ""),
                 Error);
}

TEST(Communicator, LocalRanksCountThisHost) {
    auto const hosts = world().all_gather(host_name());
    auto const own = hosts.begin() + world().rank();
    EXPECT_EQ(world().local_size(), std::count(hosts.begin(), hosts.end(), *own));
    EXPECT_EQ(world().local_rank(), std::count(hosts.begin(), own, *own));
}

}  // namespace
}  // namespace dnagpt
