// `dnagpt-prep haplotypes`.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "data/prep_program.hpp"
#include "dnagpt/data/labelled_set.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"

namespace dnagpt {
namespace {

using testing::Outcome;
using testing::run_prep;

std::string const vcf_head =
    "##fileformat=VCFv4.2\n##contig=<ID=15>\n"
    "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts1\ts2\ts3\ts4\n";

std::string row(std::string const& site, std::string const& genotypes) {
    return "15\t" + site + "\t.\tPASS\t.\tGT\t" + genotypes + "\n";
}

std::string const vcf_rows =
    row("10\trs1\tA\tG", "0|1\t1|1\t0|0\t1|0") + row("12\t.\tA\tG,T", "0|1\t1|2\t0|0\t0|0") +
    row("16\trs2\tC\tT", "0|0\t0|0\t0|0\t0|0") + row("30\trs3\tG\tA", "0|0\t0|0\t1|0\t0|1");

class HaplotypesProgram : public ::testing::Test {
  protected:
    /// `persons` people of four sites, the last of them monomorphic.
    std::string hapt(int persons) {
        std::string text;
        for (int i = 0; i < persons; ++i) {
            for (std::string const side : {"A", "B"}) {
                text += "Real p_" + std::to_string(i) + "_" + side + " " + (i % 2 ? "1" : "0") +
                        " " + (side == "A" ? "1" : "0") + " 1 0\n";
            }
        }
        return folder_.write("x.hapt", text);
    }
    std::string vcf() { return folder_.write("x.vcf", vcf_head + vcf_rows); }
    Outcome haplotypes(std::string const& arguments) {
        return run_prep("haplotypes " + arguments + " --output " + output());
    }
    std::string output() const { return folder_.file("set.h5"); }
    void expect_refused(std::string const& arguments, std::string const& part) {
        Outcome const outcome = haplotypes(arguments);
        EXPECT_EQ(outcome.code, 1) << outcome.output;
        EXPECT_NE(outcome.output.find(part), std::string::npos) << outcome.output;
        EXPECT_FALSE(std::filesystem::exists(output()));
    }
    /// Both haplotypes of each person stand in one split and group; returns people by split.
    static std::map<Split, int> people_by_split(LabelledSet const& set) {
        std::map<Split, int> people;
        for (std::size_t i = 0; i + 1 < set.examples.size(); i += 2) {
            EXPECT_EQ(set.examples[i].split, set.examples[i + 1].split);
            EXPECT_EQ(set.examples[i].group, set.examples[i + 1].group);
            ++people[set.examples[i].split];
        }
        return people;
    }

    testing::TemporaryFolder folder_;
};

void expect_holds(std::string const& text, std::string const& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(HaplotypesProgram, HaptBecomesASetThatIsSplitByPerson) {
    Outcome const outcome = haplotypes("--hapt " + hapt(20) + " --split 8,0,2");
    ASSERT_EQ(outcome.code, 0) << outcome.output;
    expect_holds(outcome.output, "read      40 haplotypes of 20 persons");
    expect_holds(outcome.output, "sites     4, 2 of them monomorphic");
    LabelledSet const set = read_labelled_set(output());
    EXPECT_EQ(set.answer, AnswerKind::words);
    ASSERT_EQ(set.examples.size(), 40U);
    EXPECT_EQ(set.examples[2].id, "p_1_A");
    EXPECT_EQ(bases_text(set.examples[2].codes), "GGGA");
    EXPECT_EQ(bases_text(set.examples[3].codes), "GAGA");
    EXPECT_TRUE(set.sites.empty());
    EXPECT_EQ(people_by_split(set), (std::map<Split, int>{{Split::train, 16}, {Split::test, 4}}));
    Outcome const inspected = run_prep("inspect " + output());
    ASSERT_EQ(inspected.code, 0) << inspected.output;
    expect_holds(inspected.output, "persons          train 16, validation 0, test 4");
    expect_holds(inspected.output, "haplotypes       train 32, validation 0, test 8");
    expect_holds(inspected.output, "sites            4, 2 of them monomorphic, places unknown");
}

TEST_F(HaplotypesProgram, SitesComeFromALegendOrAVcf) {
    std::string const legend = folder_.write(
        "x.legend",
        "chrom,pos,id,ref,alt\n15,5,rs1,A,C\n15,6,rs2,A,C\n15,9,rs3,A,C\n15,12,rs4,A,C\n");
    ASSERT_EQ(haplotypes("--hapt " + hapt(8) + " --legend " + legend).code, 0);
    EXPECT_EQ(read_labelled_set(output()).sites[2], (HaplotypeSite{"15", 8, "rs3", "A", "C"}));
    Outcome const outcome = haplotypes("--vcf " + vcf() + " --split 3,0,1");
    ASSERT_EQ(outcome.code, 0) << outcome.output;
    expect_holds(outcome.output,
                 "records: 0 without alternative, 1 with several, 0 no SNP, 0 at the place");
    expect_holds(outcome.output, "sites     3, 1 of them monomorphic");
    LabelledSet const set = read_labelled_set(output());
    EXPECT_EQ(set.examples[1].id, "s1_B");
    EXPECT_EQ(bases_text(set.examples[1].codes), "GAA");
    EXPECT_EQ(set.sites[1], (HaplotypeSite{"15", 15, "rs2", "C", "T"}));
    EXPECT_EQ(people_by_split(set), (std::map<Split, int>{{Split::train, 3}, {Split::test, 1}}));
    expect_holds(run_prep("inspect " + output()).output,
                 "sites            3, 1 of them monomorphic, 15:10 to 15:30");
}

TEST_F(HaplotypesProgram, RegionAndSamplesAreChosen) {
    std::string const names = folder_.write("people.txt", "s4\n\n s1\n");
    for (std::string const& samples : {std::string("s4,s1"), names}) {
        ASSERT_EQ(
            haplotypes("--vcf " + vcf() + " --region 15:11-30 --split 1,0,1 --samples " + samples)
                .code,
            0);
        LabelledSet const set = read_labelled_set(output());
        ASSERT_EQ(set.examples.size(), 4U);
        EXPECT_EQ(set.examples[0].id, "s4_A");
        EXPECT_EQ(bases_text(set.examples[1].codes), "AG");
    }
}

TEST_F(HaplotypesProgram, BadInputIsToldAndLeavesNothing) {
    std::string const good = "--hapt " + hapt(4);
    expect_refused("", "one kind of input: --hapt or --vcf");
    expect_refused(good + " --vcf " + vcf(), "one kind of input");
    expect_refused(good + " --samples s1", "choose from a --vcf");
    expect_refused("--vcf " + vcf() + " --legend x", "--legend belongs to --hapt");
    expect_refused("--hapt " + folder_.write("b.hapt", "R a_A 0 1\nR a_B 0 x\n"),
                   "b.hapt row 2: 'x' at site 2");
    expect_refused(good + " --legend " + folder_.write("b.csv", "chrom,pos,ref,alt\n1,2,A,C\n"),
                   "b.csv names 1 sites");
    expect_refused("--vcf " + vcf() + " --region 16:1-5", "x.vcf has no contig '16'");
    expect_refused("--vcf " + vcf() + " --region 15:9-5", "cannot be read");
    expect_refused("--vcf " + vcf() + " --region 15:100-200", "no biallelic SNP in the region");
    expect_refused("--vcf " + vcf() + " --samples s9", "no sample 's9'");
    expect_refused("--vcf " + vcf() + " --samples " + folder_.write("none.txt", "\n"),
                   "none.txt names no sample");
    expect_refused(
        "--vcf " + folder_.write("u.vcf", vcf_head + row("10\t.\tA\tG", "0|1\t0/1\t0|0\t0|0")),
        "u.vcf: 15:10: the genotype of sample s2 is not phased");
    expect_refused(good + " --split 0,1,1", "--split wants three shares");
    expect_refused(good + " --split 8,nan,1", "--split wants three shares");
    expect_refused("--hapt " + hapt(2) + " --split 8,1,1", "gets no example");
    expect_refused(good + " --species-token X", "X");
}

TEST_F(HaplotypesProgram, RealHaplotypesAreSplitByPerson) {
    char const* const folder = std::getenv("DNAGPT_DATA_DIR");
    if (folder == nullptr) {
        GTEST_SKIP() << "DNAGPT_DATA_DIR is not set: no real haplotypes";
    }
    Outcome const outcome = haplotypes("--hapt " + std::string(folder) +
                                       "/haplotypes/805_SNP_1000G_real.hapt.gz --split 8,0,2");
    ASSERT_EQ(outcome.code, 0) << outcome.output;
    expect_holds(outcome.output, "read      5,008 haplotypes of 2,504 persons");
    expect_holds(outcome.output, "sites     805, 3 of them monomorphic");
    EXPECT_EQ(people_by_split(read_labelled_set(output())),
              (std::map<Split, int>{{Split::train, 2003}, {Split::test, 501}}));
}

}  // namespace
}  // namespace dnagpt
