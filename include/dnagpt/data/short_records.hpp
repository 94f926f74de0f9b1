#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dnagpt/data/disjoint_groups.hpp"
#include "dnagpt/data/splits.hpp"

namespace dnagpt {

/// Records under this many bases are windows: those that share sequence are one block.
inline constexpr std::int64_t short_record_bases = 1000;

/// Where a record comes from, read from a name such as `chr2:1000-1606(+)`.
struct RecordCoordinates {
    std::string sequence;
    /// As written: whether the first base is 0 or 1, the record's length tells.
    std::int64_t first = 0;
    std::int64_t last = 0;
    /// `(-)`: the record is the reverse complement of that place.
    bool reverse = false;
};
/// Nothing when the name is not of that form.
std::optional<RecordCoordinates> record_coordinates(std::string_view name);

/// Finds the short records that share an exact 32-mer on either strand or whose coordinates
/// overlap. Keeps a third of a byte a base, and at most 192 MB of keys at a time.
class ShortRecordGroups {
  public:
    /// Adds record number `record` with its base codes.
    void add(std::int32_t record, std::string_view name, std::span<std::uint8_t const> codes);
    /// For each of `records` records the smallest record number of its group; its own number where
    /// it was not added.
    std::vector<std::int32_t> groups(std::int32_t records) const;

  private:
    struct Entry {
        std::int32_t record;
        std::int32_t length;
        std::int64_t first_word;
        std::optional<RecordCoordinates> coordinates;
    };

    void join_overlapping(DisjointGroups& joined) const;
    /// Joins by the keys begin .. last; returns the last one it came to, when they are too many.
    std::uint64_t join_sharing(DisjointGroups& joined, std::uint64_t begin,
                               std::uint64_t last) const;

    std::vector<Entry> entries_;
    std::vector<std::uint16_t> words_;
    std::int64_t bases_ = 0;
};

}  // namespace dnagpt
