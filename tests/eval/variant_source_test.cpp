#include "dnagpt/eval/variant_source.hpp"

#include <gtest/gtest.h>

#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;

std::string const head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n";

std::string row(std::string const& site) {
    return site + "\t.\tPASS\t.\n";
}

class VariantSource : public ::testing::Test {
  protected:
    VariantSource() {
        options_.reference = folder_.write("r.fa", ">chr1\nAAAAACGTGGGGG\n>chr2\nTTTTcTTTT\n");
        options_.flank = 4;
    }

    std::vector<VariantPlace> places(std::string const& rows) {
        options_.vcf = folder_.write("v.vcf", head + rows);
        std::vector<VariantPlace> all;
        for_each_variant(options_, range_,
                         [&](VariantPlace const& place) { all.push_back(place); });
        return all;
    }

    void expect_error(std::string const& rows, std::string const& text) {
        std::string const message = message_of([&] { places(rows); });
        EXPECT_NE(message.find(text), std::string::npos) << message;
    }

    testing::TemporaryFolder folder_;
    VariantSourceOptions options_;
    RecordRange range_;
};

TEST_F(VariantSource, AllelesStandBetweenTheirFlanks) {
    auto const all = places(row("chr1\t6\trs1\tC\tT,CAA") + row("chr1\t6\t.\tCGT\tc"));
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].id, "rs1");
    EXPECT_EQ(all[0].position, 5);
    EXPECT_EQ(bases_text(all[0].around), "AAAACGTGG");
    EXPECT_EQ(all[0].left, 4);
    EXPECT_EQ(all[0].removed, 1);
    EXPECT_EQ(bases_text(all[0].added), "T");
    EXPECT_EQ(bases_text(all[1].around), "AAACGTGG");
    EXPECT_EQ(all[1].left, 4);
    EXPECT_EQ(all[1].removed, 0);
    EXPECT_EQ(bases_text(all[1].added), "AA");
    EXPECT_EQ(bases_text(all[2].around), "AAACGTGGGG");
    EXPECT_EQ(all[2].removed, 2);
    EXPECT_TRUE(all[2].added.empty());
}

TEST_F(VariantSource, OnlyThoseOfARangeAreRead) {
    std::string const rows = row("chr1\t6\twrong\tA\tT") + row("chr1\t6\ttwo\tC\tT,G") +
                             row("chr1\t7\t.\tG\t.") + row("chr1\t6\twrong too\tA\tT");
    range_ = {2, 4};
    auto const all = places(rows);
    ASSERT_EQ(all.size(), 4U);
    EXPECT_TRUE(all[1].around.empty());
    EXPECT_EQ(all[2].alternative, "G");
    EXPECT_EQ(all[3].status, "no_alternative");
    EXPECT_EQ(count_variants(options_), 5);
    range_ = {0, 4};
    expect_error(rows, "base 1 of REF is A");
}

TEST_F(VariantSource, FlanksEndWithTheContig) {
    auto const all = places(row("chr1\t1\t.\tA\tC") + row("chr2\t9\t.\tT\tC"));
    EXPECT_EQ(bases_text(all[0].around), "AAAAA");
    EXPECT_EQ(all[0].left, 0);
    EXPECT_EQ(bases_text(all[1].around), "CTTTT");
    EXPECT_EQ(all[1].left, 4);
}

TEST_F(VariantSource, OtherAllelesKeepTheirRow) {
    auto const all = places(row("chr1\t6\t.\tC\t<DEL>,*") + row("chr1\t6\t.\tC\t."));
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].status, "symbolic");
    EXPECT_EQ(all[1].status, "overlapping_deletion");
    EXPECT_EQ(all[2].status, "no_alternative");
    EXPECT_EQ(all[2].alternative, ".");
    EXPECT_TRUE(all[0].around.empty());
}

TEST_F(VariantSource, NamesAndRegionsMayBeOfAnotherKind) {
    options_.aliases = folder_.write("a.tsv", "chr1\t1\tNC_1\nchr2\t2\n");
    options_.regions = folder_.write("r.bed", "NC_1\t6\t8\n");
    auto const all =
        places(row("1\t6\tbefore\tC\tT") + row("1\t7\tin\tG\tT") + row("1\t5\tover\tACG\tT") +
               row("2\t5\tother\tC\tT") + row("1\t9\tbehind\tG\tT"));
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].id, "in");
    EXPECT_EQ(all[1].id, "over");
    EXPECT_EQ(all[0].contig, "1");
}

TEST_F(VariantSource, LettersThatAreNoBasesAreLeftToTheStatus) {
    options_.reference = folder_.write("n.fa", ">chr1\nACMTA\n");
    auto const all = places(row("chr1\t2\tsv\tN\t<DEL>") + row("chr1\t3\tiupac\tA\tC") +
                            row("chr1\t0\tbegin\tN\tA") + row("chr1\t6\tend\tN\tA"));
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[0].status, "symbolic");
    EXPECT_EQ(all[1].status, "ambiguous_letter");
    EXPECT_EQ(all[2].status, "outside_contig");
    EXPECT_EQ(all[3].status, "outside_contig");
}

TEST_F(VariantSource, RegionsOfAnotherNameAreRefused) {
    options_.regions = folder_.write("r.bed", "1\t6\t8\n");
    expect_error(row("chr1\t6\t.\tC\tT"), "has no contig '1' (its first is 'chr1')");
}

TEST_F(VariantSource, AnotherReferenceIsNamed) {
    expect_error(row("chr1\t5\t.\tACC\tA"),
                 "base 3 of REF is C, but chr1 of " + options_.reference + " has G at position 7");
    expect_error(row("chr1\t15\t.\tA\tC"), "lies behind the end of chr1");
    expect_error(row("chr7\t1\t.\tA\tC"), "has no contig 'chr7' (its first is 'chr1')");
}

}  // namespace
}  // namespace dnagpt
