#include "dnagpt/train/partition.hpp"

#include <algorithm>

#include "dnagpt/core/check.hpp"

namespace dnagpt {

Partition make_partition(std::int64_t flat_size, int rank, int world_size,
                         std::int64_t bucket_elements) {
    DNAGPT_EXPECT(flat_size > 0 && bucket_elements > 0 && rank >= 0 && rank < world_size);
    std::int64_t const unit = std::int64_t{128} * world_size;
    auto const round_up = [&](std::int64_t count) { return (count + unit - 1) / unit * unit; };
    Partition partition;
    for (std::int64_t offset = 0; offset < flat_size;) {
        std::int64_t const length = round_up(std::min(bucket_elements, flat_size - offset));
        Bucket const bucket{offset, length / world_size, partition.own_size};
        std::int64_t const begin = offset + rank * bucket.slice_count;
        std::int64_t const end = std::min(begin + bucket.slice_count, flat_size);
        if (begin < end) {
            partition.slices.push_back({begin, bucket.own_offset, end - begin});
        }
        partition.buckets.push_back(bucket);
        partition.own_size += bucket.slice_count;
        offset += length;
    }
    partition.padded_size = partition.own_size * world_size;
    return partition;
}

}  // namespace dnagpt
