#include "dnagpt/data/hapt_file.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;

class HaptFile : public ::testing::Test {
  protected:
    void expect_error(std::string const& text, std::string const& part) {
        std::string const path = folder_.write("bad.hapt", text);
        std::string const message = message_of([&] { read_hapt(path); });
        EXPECT_NE(message.find(part), std::string::npos) << message;
    }
    void expect_legend_error(std::string const& text, std::string const& part) {
        std::string const path = folder_.write("bad.legend", text);
        std::string const message = message_of([&] { read_legend(path); });
        EXPECT_NE(message.find(part), std::string::npos) << message;
    }

    testing::TemporaryFolder folder_;
};

TEST_F(HaptFile, AllelesBecomeBases) {
    auto const rows = read_hapt(folder_.write(
        "x.hapt", "Real p_1_A 0 1 1\nReal p_1_B 0 0 1 \n\nReal\tq_B\t1\t0\t1\nReal q_A 0 0 1\n"));
    ASSERT_EQ(rows.size(), 4U);
    EXPECT_EQ(rows[0].id, "p_1_A");
    EXPECT_EQ(rows[0].person, "p_1");
    EXPECT_EQ(bases_text(rows[0].codes), "AGG");
    EXPECT_EQ(bases_text(rows[2].codes), "GAG");
    EXPECT_EQ(rows[3].person, "q");
}

TEST_F(HaptFile, ErrorsNameFileAndRow) {
    std::string const good = "R p_A 0 1\nR p_B 0 1\n";
    expect_error("", "bad.hapt holds no row");
    expect_error(good + "R q 0 1\n", "bad.hapt row 3: the id 'q' ends in neither");
    expect_error(good + "R _A 0 1\n", "row 3: the id '_A'");
    expect_error(good + "R\n", "row 3: the id ''");
    expect_error(good + "R q_A 0\nR q_B 0 1\n", "row 3 has 1 alleles (row 1 has 2)");
    expect_error(good + "R q_A 0 2\n", "row 3: '2' at site 2 is no allele");
    expect_error(good + "R q_A 0 .\n", "row 3: '.' at site 2");
    expect_error("R p_A\nR p_B\n", "row 1 has no alleles");
    expect_error(good + "R p_A 0 0\n", "row 3: the id p_A stands already on row 1");
    expect_error(good + "R q_A 0 0\n", "row 3: q_A has no q_B beside it");
}

TEST_F(HaptFile, LegendsNameTheSites) {
    std::vector<HaplotypeSite> const expected = {{"chr15", 99, "rs1", "A", "C"},
                                                 {"chr15", 119, ".", "G", "T"}};
    EXPECT_EQ(
        read_legend(folder_.write(
            "a.tsv", "#CHROM\tPOS\tID\tREF\tALT\nchr15\t100\trs1\tA\tC\nchr15\t120\t\tG\tT\n")),
        expected);
    EXPECT_EQ(read_legend(folder_.write(
                  "a.legend", "id position a0 a1 chr\nrs1 100 A C chr15\n. 120 G T chr15\n")),
              expected);
    EXPECT_EQ(read_legend(folder_.write("a.csv", "contig,position,ref,alt\nchr15,120,G,T\n")),
              (std::vector<HaplotypeSite>{expected[1]}));
}

TEST_F(HaptFile, LegendErrorsNameFileAndRow) {
    expect_legend_error("chrom,ref,alt\nc,A,C\n", "bad.legend: the head line lacks one of");
    expect_legend_error("chrom,pos,ref,alt\nc,0,A,C\n", "bad.legend row 2: '0' is no position");
    expect_legend_error("chrom,pos,ref,alt\nc,1,A,C\nc,1\n", "bad.legend row 3 has 2 columns");
    expect_legend_error("", "bad.legend is empty");
}

TEST_F(HaptFile, MonomorphicSitesAreCounted) {
    std::vector<LabelledExample> const examples = {
        {"a", base_codes("AAG")}, {"b", base_codes("AGG")}, {"c", base_codes("AAG")}};
    EXPECT_EQ(count_monomorphic(examples), 2);
}

TEST_F(HaptFile, ReadsTheRealFile) {
    char const* const folder = std::getenv("DNAGPT_DATA_DIR");
    if (folder == nullptr) {
        GTEST_SKIP() << "DNAGPT_DATA_DIR is not set: no real haplotypes";
    }
    auto const rows = read_hapt(std::string(folder) + "/haplotypes/805_SNP_1000G_real.hapt.gz");
    ASSERT_EQ(rows.size(), 5008U);
    EXPECT_EQ(rows.front().id, "split1_0_A");
    EXPECT_EQ(bases_text(rows.front().codes).substr(0, 9), "AAGAAAAAG");
    EXPECT_EQ(rows.back().codes.size(), 805U);
}

}  // namespace
}  // namespace dnagpt
