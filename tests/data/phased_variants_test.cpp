#include "dnagpt/data/phased_variants.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using Texts = std::vector<std::string>;

std::string const head =
    "##fileformat=VCFv4.2\n##contig=<ID=15>\n"
    "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts1\ts2\ts3\n";

std::string row(std::string const& site, std::string const& genotypes) {
    return "15\t" + site + "\t.\tPASS\t.\tGT\t" + genotypes + "\n";
}

std::string const rows =
    row("10\trs1\tA\tG", "0|1\t1|1\t0|0") + row("12\t.\tA\tG,T", "0|1\t1|2\t0|0") +
    row("14\t.\tAC\tA", "0|1\t./.\t0|0") + row("15\t.\tA\t.", "0|0\t0|0\t0|0") +
    row("16\trs2\tC\tT", "1|0\t0|1\t0|0") + row("16\t.\tC\tG", "0|0\t0|1\t0|0") +
    row("30\trs3\tG\tA", "0|0\t0|0\t1|0");

class PhasedVariantsFile : public ::testing::Test {
  protected:
    Texts haplotypes(Texts const& samples, std::optional<GenomeRegion> const& region = {}) {
        variants_ = read_phased_variants(folder_.write("v.vcf", head + rows), region, samples);
        Texts texts;
        for (Haplotype const& haplotype : variants_.haplotypes) {
            texts.push_back(haplotype.id + " " + haplotype.person + " " +
                            bases_text(haplotype.codes));
        }
        return texts;
    }
    void expect_error(std::string const& text, Texts const& samples, std::string const& part) {
        std::string const path = folder_.write("bad.vcf", text);
        std::string const message =
            message_of([&] { read_phased_variants(path, std::nullopt, samples); });
        EXPECT_NE(message.find(part), std::string::npos) << message;
    }

    testing::TemporaryFolder folder_;
    PhasedVariants variants_;
};

TEST_F(PhasedVariantsFile, BiallelicSnpsBecomeBasesAndTheRestIsCounted) {
    EXPECT_EQ(haplotypes({}), (Texts{"s1_A s1 AGA", "s1_B s1 GAA", "s2_A s2 GAA", "s2_B s2 GGA",
                                     "s3_A s3 AAG", "s3_B s3 AAA"}));
    EXPECT_EQ(variants_.sites, (std::vector<HaplotypeSite>{{"15", 9, "rs1", "A", "G"},
                                                           {"15", 15, "rs2", "C", "T"},
                                                           {"15", 29, "rs3", "G", "A"}}));
    EXPECT_EQ(variants_.many_alleles, 1);
    EXPECT_EQ(variants_.no_snp, 1);
    EXPECT_EQ(variants_.no_alternative, 1);
    EXPECT_EQ(variants_.same_place, 1);
}

TEST_F(PhasedVariantsFile, SamplesAndRegionsAreChosen) {
    EXPECT_EQ(haplotypes({"s3", "s1"}, GenomeRegion{"15", 15, 30}),
              (Texts{"s3_A s3 AG", "s3_B s3 AA", "s1_A s1 GA", "s1_B s1 AA"}));
}

TEST_F(PhasedVariantsFile, ErrorsNameSampleAndSite) {
    std::string const site = "10\t.\tA\tG";
    expect_error(head + row(site, "0|1\t0/1\t0|0"), {},
                 "bad.vcf: 15:10: the genotype of sample s2 is not phased");
    expect_error(head + row(site, "0|1\t0|1\t.|0"), {},
                 "15:10: the genotype of sample s3 is missing");
    expect_error(head + row(site, ".\t0|1\t1|0"), {}, "sample s1 is haploid");
    expect_error(head + row(site, "0\t0|1\t1|0"), {}, "sample s1 is haploid");
    expect_error(head + row(site, "0|0|1\t0|1\t1|0"), {}, "sample s1 has more than two");
    expect_error(head + row(site, "0|1\t0|2\t1|0"), {},
                 "the genotype of sample s2 names the allele 2, and the record has 0 to 1");
    expect_error(head + rows, {"s9"}, "bad.vcf has no sample 's9' (the first of its 3 is 's1')");
    expect_error(head + rows, {"s1", "s1"}, "'s1' is named twice");
    expect_error(head + row("14\t.\tAC\tA", "0|1\t0|1\t0|0"), {}, "bad.vcf has no biallelic SNP");
    expect_error("##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n", {},
                 "bad.vcf has no samples");
    expect_error(head + "15\t10\t.\tA\tG\t.\t.\t.\tDP\t1\t2\t3\n", {}, "has no genotypes");
}

}  // namespace
}  // namespace dnagpt
