#include "dnagpt/data/short_records.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "harness/random_bases.hpp"

namespace dnagpt {
namespace {

using testing::random_bases;

TEST(ShortRecords, Coordinates) {
    auto const found = record_coordinates("NC_1.2:1000-1606(-)");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->sequence, "NC_1.2");
    EXPECT_EQ(found->first, 1000);
    EXPECT_EQ(found->last, 1606);
    EXPECT_TRUE(found->reverse);
    EXPECT_FALSE(record_coordinates("NC_1.2:1000-1606(+)")->reverse);
    for (char const* name : {"chr1", "chr1:5", "chr1:9-5", "a:b-c", ":1-2", "x-1:2", "x:1-2x"}) {
        EXPECT_FALSE(record_coordinates(name)) << name;
    }
}

TEST(ShortRecords, GroupBySharedKmersAndCoordinates) {
    std::string const shared = random_bases(32, 1);
    auto const codes = [](std::string const& text) { return base_codes(text); };
    auto flipped = codes(std::string("CC") + shared + "AA" + random_bases(100, 3));
    reverse_complement_bases(flipped);
    ShortRecordGroups groups;
    groups.add(1, "a", codes(random_bases(90, 2) + shared));
    groups.add(3, "b", flipped);
    groups.add(4, "c",
               codes(random_bases(90, 4) + (shared[0] == 'A' ? "C" : "A") + shared.substr(1)));
    groups.add(5, "chr1:100-300", codes(random_bases(200, 5)));
    groups.add(6, "chr1:299-499", codes(random_bases(200, 6)));
    groups.add(7, "chr1:499-699", codes(random_bases(200, 7)));
    groups.add(8, "chr2:100-300", codes(random_bases(200, 8)));
    EXPECT_EQ(groups.groups(10), (std::vector<std::int32_t>{0, 1, 2, 1, 4, 5, 5, 7, 8, 9}));
}

/// More keys than are held at once, nearly all equal ones.
TEST(ShortRecords, GroupManyRepeats) {
    std::vector<std::uint8_t> const repeat(999, base_codes("A")[0]);
    std::int32_t const count = 14'000;
    ShortRecordGroups groups;
    groups.add(0, "other", base_codes(random_bases(999, 1)));
    for (std::int32_t record = 1; record < count; ++record) {
        groups.add(record, "repeat", repeat);
    }
    std::vector<std::int32_t> expected(static_cast<std::size_t>(count), 1);
    expected[0] = 0;
    EXPECT_EQ(groups.groups(count), expected);
}

}  // namespace
}  // namespace dnagpt
