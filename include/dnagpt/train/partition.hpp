#pragma once

#include <cstdint>
#include <vector>

namespace dnagpt {

/// A run of elements of the flat vector that this rank keeps, and where it stands in the rank's own
/// arrays.
struct Slice {
    std::int64_t flat_offset = 0;
    std::int64_t own_offset = 0;
    std::int64_t count = 0;
};

/// One bucket of the flat vector; all ranks' slices of it have `slice_count` elements.
struct Bucket {
    std::int64_t flat_offset = 0;
    std::int64_t slice_count = 0;
    std::int64_t own_offset = 0;
};

/// ZeRO-1 (Rajbhandari et al. 2020): the flat vector is cut into buckets; rank r keeps slice r of
/// each. The padded vector ends with zeros so that every bucket divides by the world size.
struct Partition {
    std::int64_t padded_size = 0;
    std::int64_t own_size = 0;
    std::vector<Bucket> buckets;
    /// This rank's slices without the padding: one per bucket that has any.
    std::vector<Slice> slices;
};

inline constexpr std::int64_t default_bucket_elements = std::int64_t{4} << 20;

/// Elements of a bucket are rounded up to a multiple of 128 per rank.
Partition make_partition(std::int64_t flat_size, int rank, int world_size,
                         std::int64_t bucket_elements = default_bucket_elements);

}  // namespace dnagpt
