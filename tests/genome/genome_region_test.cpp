#include "dnagpt/genome/genome_region.hpp"

#include <gtest/gtest.h>

#include <string>

#include "harness/message_of.hpp"

namespace dnagpt {
namespace {

using testing::message_of;

TEST(GenomeRegion, ReadsPlacesThatCountFromOne) {
    EXPECT_EQ(parse_region("chr2:101-200"), (GenomeRegion{"chr2", 100, 200}));
    EXPECT_EQ(parse_region("15:1-1"), (GenomeRegion{"15", 0, 1}));
    EXPECT_EQ(parse_region("chr2:1,001-20,000"), (GenomeRegion{"chr2", 1000, 20000}));
    EXPECT_EQ(parse_region("chr2:11").begin, 10);
    EXPECT_EQ(parse_region("chr2:11").end, GenomeRegion().end);
}

TEST(GenomeRegion, NamesMayHoldColons) {
    EXPECT_EQ(parse_region("chr2"), (GenomeRegion{"chr2"}));
    EXPECT_EQ(parse_region("HLA-A*01:01N"), (GenomeRegion{"HLA-A*01:01N"}));
    EXPECT_EQ(parse_region("HLA-A*01:01N:5-9"), (GenomeRegion{"HLA-A*01:01N", 4, 9}));
}

TEST(GenomeRegion, OtherTextsAreRefused) {
    for (std::string const text : {"chr2:0-5", "chr2:9-5", "chr2:-5", "chr2:5-", "chr2:1-2-3"}) {
        EXPECT_NE(message_of([&] { parse_region(text); }).find("cannot be read"), std::string::npos)
            << text;
    }
    for (std::string const text : {"", ":1-5", "chr2:"}) {
        EXPECT_NE(message_of([&] { parse_region(text); }).find("names no contig"),
                  std::string::npos)
            << text;
    }
}

}  // namespace
}  // namespace dnagpt
