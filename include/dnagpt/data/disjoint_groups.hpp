#pragma once

#include <cstdint>
#include <vector>

namespace dnagpt {

/// Records 0 .. n - 1 in groups that grow by joining two records. A group is called by its smallest
/// record, whatever the order of joining.
class DisjointGroups {
  public:
    explicit DisjointGroups(std::int32_t records);

    /// The groups of two records become one.
    void join(std::int32_t a, std::int32_t b);
    /// The smallest record of each record's group.
    std::vector<std::int32_t> groups();

  private:
    std::int32_t smallest_of(std::int32_t record);

    std::vector<std::int32_t> parents_;
};

}  // namespace dnagpt
