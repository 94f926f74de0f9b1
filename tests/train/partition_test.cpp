#include "dnagpt/train/partition.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace dnagpt {
namespace {

struct Case {
    std::int64_t flat_size;
    int world_size;
    std::int64_t bucket;
};

class PartitionOf : public testing::TestWithParam<Case> {};

TEST_P(PartitionOf, EveryElementHasOneOwner) {
    auto const [flat_size, world_size, bucket] = GetParam();
    std::vector<int> owners(static_cast<std::size_t>(flat_size), 0);
    for (int rank = 0; rank < world_size; ++rank) {
        Partition const partition = make_partition(flat_size, rank, world_size, bucket);
        EXPECT_GE(partition.padded_size, flat_size);
        EXPECT_EQ(partition.padded_size, partition.own_size * world_size);
        for (Slice const& slice : partition.slices) {
            EXPECT_LE(slice.own_offset + slice.count, partition.own_size);
            for (std::int64_t i = 0; i < slice.count; ++i) {
                ++owners[static_cast<std::size_t>(slice.flat_offset + i)];
            }
        }
    }
    for (int const owner : owners) {
        ASSERT_EQ(owner, 1);
    }
}

TEST_P(PartitionOf, BucketsFollowEachOther) {
    auto const [flat_size, world_size, bucket] = GetParam();
    Partition const partition = make_partition(flat_size, 0, world_size, bucket);
    std::int64_t flat = 0;
    std::int64_t own = 0;
    for (Bucket const& each : partition.buckets) {
        EXPECT_EQ(each.flat_offset, flat);
        EXPECT_EQ(each.own_offset, own);
        EXPECT_EQ(each.slice_count % 128, 0);
        flat += each.slice_count * world_size;
        own += each.slice_count;
    }
    EXPECT_EQ(flat, partition.padded_size);
}

INSTANTIATE_TEST_SUITE_P(Sizes, PartitionOf,
                         testing::Values(Case{128, 1, 1024}, Case{128, 4, 1024},
                                         Case{12800, 3, 1000}, Case{4096, 4, 512},
                                         Case{4224, 2, 4096}));

}  // namespace
}  // namespace dnagpt
