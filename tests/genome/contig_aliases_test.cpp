#include "dnagpt/genome/contig_aliases.hpp"

#include <gtest/gtest.h>

#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::TemporaryFolder;

TEST(ContigAliases, NamesOfOneLineAreOneContig) {
    TemporaryFolder const folder;
    ContigAliases const aliases(
        folder.write("a.tsv", "# ucsc\tensembl\nchr1\t1\tNC_000001.11\n\nchrM\tMT\t\r\n"));
    EXPECT_TRUE(aliases.same("chr1", "NC_000001.11"));
    EXPECT_TRUE(aliases.same("MT", "chrM"));
    EXPECT_TRUE(aliases.same("other", "other"));
    EXPECT_FALSE(aliases.same("1", "MT"));
    EXPECT_FALSE(aliases.same("1", "chrX"));
    EXPECT_EQ(aliases.find("1", {"chrM", "NC_000001.11", "chr1"}), "NC_000001.11");
    EXPECT_EQ(aliases.find("1", {"chr1", "1"}), "1");
    EXPECT_EQ(aliases.find("1", {"chrM"}), std::nullopt);
    EXPECT_EQ(ContigAliases().find("x", {"y", "x"}), "x");
}

TEST(ContigAliases, ANameOnTwoLinesIsRefused) {
    TemporaryFolder const folder;
    auto const error = [&](std::string const& text) {
        std::string const path = folder.write("a.tsv", text);
        return message_of([&] { ContigAliases const aliases(path); });
    };
    EXPECT_NE(error("chr1\t1\nchr2\t1\n").find("line 2: the contig '1' stands on line 1 too"),
              std::string::npos);
    EXPECT_NE(error("# nothing\n").find("names no contig"), std::string::npos);
    EXPECT_EQ(error("chr1\tchr1\n"), "no error");
}

}  // namespace
}  // namespace dnagpt
