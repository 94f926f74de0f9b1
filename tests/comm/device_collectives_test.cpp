#include "dnagpt/comm/device_collectives.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "comm/device_collectives_check.hpp"
#include "dnagpt/core/random.hpp"

namespace dnagpt {
namespace {

using testing::world;

/// Values in host memory, where the MPI collectives read them.
template <class T>
class HostArray {
  public:
    explicit HostArray(std::vector<T> values) : values_(std::move(values)) {}
    T* data() const { return values_.data(); }
    std::vector<T> host() const { return values_; }

  private:
    mutable std::vector<T> values_;
};

class BothWays : public ::testing::TestWithParam<HostMemory> {};
INSTANTIATE_TEST_SUITE_P(DeviceCollectives, BothWays,
                         ::testing::Values(HostMemory::shared, HostMemory::apart));

TEST_P(BothWays, ReduceScatterGivesEachRankItsPartOfTheSum) {
    DeviceCollectives collectives(world(), GetParam());
    testing::expect_reduce_scatter<HostArray>(collectives);
}

TEST_P(BothWays, ManySumsOfManyLengthsInTurnStayApart) {
    DeviceCollectives collectives(world(), GetParam());
    testing::expect_many_sums_apart<HostArray>(collectives);
}

TEST_P(BothWays, SumsAreTakenInTheOrderOfTheRanks) {
    DeviceCollectives collectives(world(), GetParam());
    auto const ranks = static_cast<std::size_t>(world().size());
    constexpr std::size_t count = (std::size_t{1} << 19) + 3;
    auto const value = [](std::size_t rank, std::size_t i) {
        return static_cast<float>(random_normal(5 + rank, i));
    };
    std::vector<float> values(ranks * count);
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = value(static_cast<std::size_t>(world().rank()), i);
    }
    std::vector<float> slice(count);
    collectives.reduce_scatter({}, values.data(), slice.data(), count);
    for (std::size_t i = 0; i < count; ++i) {
        std::size_t const at = static_cast<std::size_t>(world().rank()) * count + i;
        float sum = value(0, at);
        for (std::size_t rank = 1; rank < ranks; ++rank) {
            sum += value(rank, at);
        }
        ASSERT_EQ(slice[i], sum) << "element " << i;
    }
}

TEST(DeviceCollectives, AllGatherFillsInTheOthersParts) {
    DeviceCollectives collectives(world());
    testing::expect_all_gather<HostArray>(collectives);
}

TEST(DeviceCollectives, AllReduceSumsInPlace) {
    DeviceCollectives collectives(world());
    testing::expect_all_reduce<HostArray>(collectives);
}

}  // namespace
}  // namespace dnagpt
