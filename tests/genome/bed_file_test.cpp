#include "dnagpt/genome/bed_file.hpp"

#include <gtest/gtest.h>

#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::TemporaryFolder;

TEST(BedFile, EntriesKeepTheirColumnsAndRows) {
    TemporaryFolder const folder;
    std::string const path = folder.write(
        "r.bed", "#head\nbrowser x\ntrack name=\"y\"\nchr1\t5\t9\tg\t0\t-\n\nchr2\t0\t1\n");
    std::vector<BedEntry> entries;
    for_each_bed_entry(path, {}, [&](BedEntry const& entry) { entries.push_back(entry); });
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].region, (GenomeRegion{"chr1", 5, 9}));
    EXPECT_EQ(entries[0].fields.back(), "-");
    EXPECT_EQ(entries[0].row, 4);
    EXPECT_EQ(entries[1].row, 6);
}

TEST(BedFile, RegionsOverlapWhereTheyShareABase) {
    TemporaryFolder const folder;
    BedRegions const regions(
        folder.write("r.bed", "chr1\t20\t30\nchr1\t5\t10\nchr1\t8\t12\nchr1\t6\t7\nchr2\t0\t1\n"));
    EXPECT_EQ(regions.contigs(), (std::vector<std::string>{"chr1", "chr2"}));
    auto const overlap = [&](std::int64_t begin, std::int64_t end) {
        return regions.overlap({"chr1", begin, end});
    };
    EXPECT_FALSE(overlap(0, 5));
    EXPECT_TRUE(overlap(0, 6));
    EXPECT_TRUE(overlap(11, 12));
    EXPECT_FALSE(overlap(12, 20));
    EXPECT_TRUE(overlap(12, 21));
    EXPECT_FALSE(overlap(30, 99));
    EXPECT_FALSE(regions.overlap({"chr3", 0, 99}));
}

TEST(BedFile, ErrorsNameTheRow) {
    TemporaryFolder const folder;
    auto const error = [&](std::string const& text) {
        std::string const path = folder.write("r.bed", text);
        return message_of([&] { BedRegions const regions(path); });
    };
    EXPECT_NE(error("chr1\t5\n").find("row 1 has 2 columns (BED has contig, start and end"),
              std::string::npos);
    EXPECT_NE(error("#\nchr1\t5\t5\n").find("row 2: '5' and '5' are no start and end"),
              std::string::npos);
    EXPECT_NE(error("\t5\t6\n").find("the contig is missing"), std::string::npos);
    EXPECT_NE(error("#\n").find("holds no entry"), std::string::npos);
}

TEST(BedFile, EndsThatNoContigReachesAreRefused) {
    TemporaryFolder const folder;
    std::string const path = folder.write("r.bed", "chr1\t0\t9223372036854775807\n");
    EXPECT_NE(message_of([&] { BedRegions const regions(path); }).find("are no start and end"),
              std::string::npos);
}

}  // namespace
}  // namespace dnagpt
