#include "dnagpt/comm/device_collectives.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dnagpt/core/random.hpp"
#include "harness/mpi_verdict.hpp"

namespace dnagpt {
namespace {

using testing::world;

class BothWays : public ::testing::TestWithParam<HostMemory> {};
INSTANTIATE_TEST_SUITE_P(DeviceCollectives, BothWays,
                         ::testing::Values(HostMemory::shared, HostMemory::apart));

TEST_P(BothWays, ReduceScatterGivesEachRankItsPartOfTheSum) {
    DeviceCollectives collectives(world(), GetParam());
    std::int64_t const count = 5;
    auto const n = static_cast<std::size_t>(world().size());
    std::vector<float> values(n * count);
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<float>(i) * static_cast<float>(world().rank() + 1);
    }
    std::vector<float> slice(count, -1.0F);
    collectives.reduce_scatter({}, values.data(), slice.data(), count);
    float const ranks = static_cast<float>(n * (n + 1)) / 2.0F;
    for (std::size_t i = 0; i < slice.size(); ++i) {
        std::size_t const at = static_cast<std::size_t>(world().rank()) * count + i;
        EXPECT_EQ(slice[i], static_cast<float>(at) * ranks);
    }
}

TEST_P(BothWays, ManySumsOfManyLengthsInTurnStayApart) {
    DeviceCollectives collectives(world(), GetParam());
    auto const ranks = static_cast<std::size_t>(world().size());
    std::uint64_t const seed = 5;
    std::size_t const lengths[] = {1, 300000, 7, (std::size_t{1} << 19) + 3, 128, 1};
    for (std::size_t turn = 0; turn < 6; ++turn) {
        std::size_t const count = lengths[turn];
        auto const value = [&](std::size_t rank, std::size_t i) {
            return static_cast<float>(random_normal(seed + rank, turn + 6 * i));
        };
        std::vector<float> values(ranks * count);
        for (std::size_t i = 0; i < values.size(); ++i) {
            values[i] = value(static_cast<std::size_t>(world().rank()), i);
        }
        std::vector<float> slice(count);
        collectives.reduce_scatter({}, values.data(), slice.data(),
                                   static_cast<std::int64_t>(count));
        for (std::size_t i = 0; i < count; ++i) {
            std::size_t const at = static_cast<std::size_t>(world().rank()) * count + i;
            float sum = value(0, at);
            for (std::size_t rank = 1; rank < ranks; ++rank) {
                sum += value(rank, at);
            }
            ASSERT_EQ(slice[i], sum) << "turn " << turn << " element " << i;
        }
    }
}

TEST(DeviceCollectives, AllGatherFillsInTheOthersParts) {
    DeviceCollectives collectives(world());
    std::vector<std::int32_t> values(static_cast<std::size_t>(world().size()) * 3, -1);
    for (std::size_t i = 0; i < 3; ++i) {
        values[static_cast<std::size_t>(world().rank()) * 3 + i] = world().rank();
    }
    collectives.all_gather_in_place({}, values.data(), 3 * sizeof(std::int32_t));
    for (std::size_t i = 0; i < values.size(); ++i) {
        EXPECT_EQ(values[i], static_cast<std::int32_t>(i / 3));
    }
}

TEST(DeviceCollectives, AllReduceSumsInPlace) {
    DeviceCollectives collectives(world());
    std::vector<double> values = {1.0, static_cast<double>(world().rank())};
    collectives.all_reduce_sum({}, values.data(), 2);
    EXPECT_EQ(values[0], world().size());
    EXPECT_EQ(values[1], world().size() * (world().size() - 1) / 2);
}

}  // namespace
}  // namespace dnagpt
