// `dnagpt-prep expression`.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "data/prep_program.hpp"
#include "dnagpt/data/labelled_set.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "dnagpt/genome/table_rows.hpp"
#include "harness/random_bases.hpp"

namespace dnagpt {
namespace {

using testing::Outcome;
using testing::random_bases;
using testing::run_prep;

class ExpressionProgram : public ::testing::Test {
  protected:
    /// 40 genes: id, contig, start, end, a, b, target, sequence; gene 2k + 1 overlaps gene 2k, gene
    /// 7 has no target and gene 9's sequence is short.
    std::string table() {
        std::string text = "gene_id\tchrom\tstart\tend\ta\tb\texpr\tseq\n";
        for (int i = 0; i < 40; ++i) {
            int const start = i / 2 * 1000 + i % 2 * 50;
            text += "g" + std::to_string(i) + "\tc1\t" + std::to_string(start) + "\t" +
                    std::to_string(start + 100) + "\t" + std::to_string(i) + "\t9.9\t" +
                    (i == 7 ? "" : std::to_string(-i)) + "\t" +
                    (i == 9 ? "ACG" : random_bases(100, static_cast<std::uint64_t>(i))) + "\n";
        }
        return folder_.write("genes.tsv", text);
    }
    std::string table_options() {
        return "--table " + table() +
               " --sequence-column seq --number-columns b,a --target-column expr ";
    }
    std::string features(std::string const& extra = "") {
        std::string text = "name,\"id, of gene\",x,y\n";
        for (int i = 0; i < 30; ++i) {
            text += "n,g" + std::to_string(i) + "," + std::to_string(i) + ".5,1e2\n";
        }
        return folder_.write("features.csv", text + extra);
    }
    std::string targets(std::string const& extra = "") {
        std::string text;
        for (int i = 10; i < 50; ++i) {
            text += "g" + std::to_string(i) + "\tm\t" + (i == 12 ? "NA" : std::to_string(i)) + "\n";
        }
        return folder_.write("targets.txt", text + extra);
    }
    std::string join_options(std::string const& more_features = "",
                             std::string const& more_targets = "") {
        return "--features " + features(more_features) +
               " --features-id 'id, of gene' --number-columns x,y --targets " +
               targets(more_targets) + " --targets-id 1 --targets-value 3 ";
    }
    Outcome expression(std::string const& arguments) {
        return run_prep("expression " + arguments + " --output " + output());
    }
    std::string output() const { return folder_.file("set.h5"); }
    void expect_refused(std::string const& arguments, std::string const& part, int code = 1) {
        Outcome const outcome = expression(arguments);
        EXPECT_EQ(outcome.code, code) << outcome.output;
        EXPECT_NE(outcome.output.find(part), std::string::npos) << outcome.output;
        EXPECT_FALSE(std::filesystem::exists(output()));
    }
    LabelledSet made(std::string const& arguments) {
        Outcome const outcome = expression(arguments);
        EXPECT_EQ(outcome.code, 0) << outcome.output;
        printed_ = outcome.output;
        return read_labelled_set(output());
    }
    void expect_printed(std::string const& part) const {
        EXPECT_NE(printed_.find(part), std::string::npos) << printed_;
    }

    testing::TemporaryFolder folder_;
    std::string printed_;
};

LabelledExample const& gene_called(LabelledSet const& set, std::string const& id) {
    auto const gene = std::ranges::find(set.examples, id, &LabelledExample::id);
    EXPECT_NE(gene, set.examples.end()) << id;
    return *gene;
}

TEST_F(ExpressionProgram, ATableBecomesWindowsWithNumbersAndTargets) {
    LabelledSet const set =
        made(table_options() +
             "--locus-columns chrom,start,end --window-up 30 --window-down 10 --log10 b");
    EXPECT_EQ(set.answer, AnswerKind::number);
    EXPECT_EQ(set.number_names, (std::vector<std::string>{"log10(b+0.1)", "a"}));
    EXPECT_EQ(set.target_name, "expr");
    ASSERT_EQ(set.examples.size(), 39U);
    LabelledExample const& gene = gene_called(set, "g5");
    EXPECT_EQ(bases_text(gene.codes), random_bases(100, 5).substr(20, 40));
    EXPECT_EQ(gene.target, -5);
    ASSERT_EQ(gene.numbers.size(), 2U);
    EXPECT_NEAR(gene.numbers[0], 1, 1e-12);
    EXPECT_EQ(gene.numbers[1], 5);
    EXPECT_EQ(bases_text(gene_called(set, "g9").codes),
              std::string(29, 'N') + "ACG" + std::string(8, 'N'));
    expect_printed("read      40 genes in ");
    expect_printed("dropped   1 genes without a target, 0 incomplete");
    expect_printed("N         1 sequences hold N, the most 37 bases");
    expect_printed("groups    20, the largest of 2 records");
    for (std::size_t i = 0; i < set.examples.size(); ++i) {
        LabelledExample const& each = set.examples[i];
        int const number = std::stoi(each.id.substr(1));
        if (number % 2 == 1) {
            EXPECT_EQ(each.split, set.examples[i - 1].split) << each.id;
        }
    }
}

TEST_F(ExpressionProgram, MeansAndDeviationsComeFromTraining) {
    LabelledSet const set = made(table_options() + "--whole-sequence --group-by none");
    EXPECT_EQ(gene_called(set, "g5").codes.size(), 100U);
    EXPECT_EQ(gene_called(set, "g9").codes.size(), 3U);
    double count = 0;
    double mean = 0;
    double squares = 0;
    for (LabelledExample const& each : set.examples) {
        if (each.split == Split::train) {
            ++count;
            mean += each.target;
            squares += each.target * each.target;
        }
    }
    mean /= count;
    std::array<char, 80> line{};
    std::snprintf(line.data(), line.size(), "%-36s%14.6g%14.6g", "target expr", mean,
                  std::sqrt(squares / count - mean * mean));
    expect_printed(line.data());
    expect_printed("b is the same in all training genes");
    Outcome const inspected = run_prep("inspect " + output());
    EXPECT_EQ(inspected.code, 0);
    EXPECT_NE(inspected.output.find(line.data()), std::string::npos) << inspected.output;
    EXPECT_NE(inspected.output.find("39 genes, species token <R>, split 8:1:1 seed 1"),
              std::string::npos)
        << inspected.output;
}

TEST_F(ExpressionProgram, FeaturesAndTargetsAreJoinedByGene) {
    LabelledSet const set = made(join_options());
    ASSERT_EQ(set.examples.size(), 19U);
    EXPECT_EQ(set.number_names, (std::vector<std::string>{"x", "y"}));
    EXPECT_EQ(set.target_name, "column 3");
    LabelledExample const& gene = gene_called(set, "g20");
    EXPECT_TRUE(gene.codes.empty());
    EXPECT_EQ(gene.numbers, (std::vector<double>{20.5, 100}));
    EXPECT_EQ(gene.target, 20);
    expect_printed("read      30 genes in " + folder_.file("features.csv") +
                   ", 10 of them are not in every file");
    expect_printed("read      40 genes in " + folder_.file("targets.txt") +
                   ", 20 of them are not in every file");
    expect_printed("dropped   1 genes without a target, 0 incomplete");
    expect_printed("group-by  none");
}

TEST_F(ExpressionProgram, WindowsAreCutFromTheGenome) {
    std::string const contig = random_bases(5000, 3);
    std::string const genome = folder_.write("g.fa", ">c1\n" + contig + "\n");
    std::string bed;
    for (int i = 10; i < 30; ++i) {
        std::string const place = std::to_string(i * 150 + i % 2 * 10);
        bed += "c1\t" + place + "\t" + std::to_string(i * 150 + i % 2 * 10 + 1) + "\tg" +
               std::to_string(i) + "\t0\t" + (i % 2 == 0 ? "+" : "-") + "\n";
    }
    std::string const options = join_options() + "--tss " + folder_.write("t.bed", bed) +
                                " --genome " + genome + " --window-up 60 --window-down 20";
    LabelledSet const set = made(options);
    ASSERT_EQ(set.examples.size(), 19U);
    EXPECT_EQ(bases_text(gene_called(set, "g20").codes), contig.substr(3000 - 60, 80));
    auto minus = base_codes(contig.substr(21 * 150 + 10 + 1 - 20, 80));
    reverse_complement_bases(minus);
    EXPECT_EQ(gene_called(set, "g21").codes, minus);
    expect_printed("group-by  locus");
    expect_printed("groups    19,");
    std::string const elsewhere = folder_.write("t.bed", bed + "c2\t5\t6\tg9\t0\t+\n");
    EXPECT_EQ(made(options).examples.size(), 19U);  // g9 has no target
    std::filesystem::remove(output());
    std::string const more = join_options("", "g9\tm\t1\n") + "--tss " + elsewhere + " --genome " +
                             genome + " --window-up 60 --window-down 20";
    expect_refused(more, "t.bed row 21: no --genome file has 'c2', the contig of g9");
    EXPECT_EQ(made(more + " --drop-incomplete").examples.size(), 19U);
    expect_printed("dropped   1 genes without a target, 1 incomplete");
}

TEST_F(ExpressionProgram, IncompleteGenesAreAnErrorOrDropped) {
    std::string const hole = "n,g30,,5\n";
    expect_refused(join_options(hole), "features.csv row 32: x of g30 is missing");
    EXPECT_EQ(made(join_options(hole) + "--drop-incomplete").examples.size(), 19U);
    expect_printed("1 incomplete");
    EXPECT_EQ(made(join_options("n,g99,,5\n")).examples.size(), 19U);  // it has no target either
    std::filesystem::remove(output());
    std::string const rows = "gene_id,v,s\na,1,ACGT\nb,2,\nc,3,GGGT\nd,4,GGCT\ne,5,TTTA\nf,NA,\n";
    std::string const options = "--table " + folder_.write("s.csv", rows) +
                                " --sequence-column s --target-column v --whole-sequence "
                                "--split 1,0,1 --group-by none ";
    expect_refused(options, "s.csv row 3: the sequence of b is missing");
    EXPECT_EQ(made(options + "--drop-incomplete").examples.size(), 4U);
}

TEST_F(ExpressionProgram, WrongOptionsAreTold) {
    expect_refused("", "give --table, or --targets");
    expect_refused("--table x", "--table needs --target-column");
    expect_refused("--table x --target-column t", "needs a sequence or numbers");
    expect_refused("--table x --target-column t --number-columns a --whole-sequence",
                   "--whole-sequence belongs");
    expect_refused(table_options() + "--locus-columns chrom,start", "--locus-columns wants");
    expect_refused(table_options() + "--targets x", "leave --features");
    expect_refused(table_options() + "--log10 c", "--log10 names 'c'");
    expect_refused(table_options() + "--group-by contig", "needs the genes' places");
    expect_refused(table_options() + "--window-up 0 --window-down 0", "no base is left");
    expect_refused(table_options() + "--window-up -1", "window-up", 2);
    expect_refused(table_options() + "--group-by gene", "group-by", 2);
    expect_refused(table_options() + "--split 0,1,1", "--split wants three shares");
    expect_refused(table_options() + "--species-token X", "X");
    expect_refused("--targets t", "--targets needs --targets-value");
    expect_refused("--targets t --targets-value 2", "give --features, or --tss");
    expect_refused("--targets t --targets-value 2 --features f", "--number-columns belong");
    expect_refused("--targets t --targets-value 2 --tss b", "--genome belong together");
    expect_refused(join_options() + "--group-by cluster", "cluster needs sequences");
    expect_refused(join_options() + "--whole-sequence", "belong to --table");
}

TEST_F(ExpressionProgram, BadRowsAreNamedAndLeaveNothing) {
    auto const of = [&](std::string const& rows) {
        return "--table " + folder_.write("b.tsv", "gene_id\tc\ts\te\ta\tt\tq\n" + rows) +
               " --target-column t --number-columns a --sequence-column q --locus-columns c,s,e "
               "--whole-sequence --log10 a";
    };
    std::string const good = "g\tc\t1\t2\t3\t4\tACGT\n";
    expect_refused(of(good + "h\tc\t1\t2\tx\t4\tACGT\n"), "b.tsv row 3: 'x' in a is no finite");
    expect_refused(of(good + "h\tc\t1\t2\t3\tx\tACGT\n"), "b.tsv row 3: 'x' in t is no finite");
    expect_refused(of(good + "h\tc\t1\t2\t3\t4\tAEGT\n"), "b.tsv row 3: 'E' at position 2");
    expect_refused(of(good + "h\tc\t2\t2\t3\t4\tACGT\n"), "row 3: 'c', '2' and '2' are no contig");
    expect_refused(of(good + "h\tc\t1\t2\t-3\t4\tACGT\n"), "row 3: -3 in a has no log10");
    expect_refused(of(good + "g\tc\t1\t2\t3\t4\tACGT\n"),
                   "row 3: the id g stands already on row 2");
    expect_refused(of(good + "\tc\t1\t2\t3\t4\tACGT\n"), "row 3 has no id");
    expect_refused(of(good + "h\tc\n"), "row 3 has 2 columns");
    expect_refused(of("g\tc\t1\t2\t3\t\tACGT\n"), "no gene with a target is left");
    expect_refused(of(good), "validation gets no example");
    expect_refused(join_options("n,g3,1,1\n"), "features.csv row 32: the id g3 stands already");
    expect_refused(join_options("", "g10\tm\t1\n"), "targets.txt row 41: the id g10 stands");
    std::string const bed = folder_.write("b.bed", "c\t1\t2\tg20\t0\t+\nc\t5\t6\tg20\t0\t+\n");
    std::string const fasta = folder_.write("b.fa", ">c\nACGT\n");
    expect_refused(join_options() + "--tss " + bed + " --genome " + fasta,
                   "b.bed row 2: the id g20 stands already on row 1");
    folder_.write("b.bed", "c\t4\t5\tg20\t0\t+\n");
    expect_refused(join_options() + "--tss " + bed + " --genome " + fasta,
                   "b.bed row 1: place 4 lies behind the end of 'c'");
    folder_.write("b.bed", "c\t1\t2\tother\t0\t+\n");
    expect_refused(join_options() + "--tss " + bed + " --genome " + fasta,
                   "no gene stands in every file");
}

class RealExpression : public ExpressionProgram {
  protected:
    void SetUp() override {
        char const* const folder = std::getenv("DNAGPT_DATA_DIR");
        if (folder == nullptr) {
            GTEST_SKIP() << "DNAGPT_DATA_DIR is not set: no real genes";
        }
        data_ = folder;
    }

    std::string const features_ =
        "UTR5LEN_log10zscore,CDSLEN_log10zscore,INTRONLEN_log10zscore,UTR3LEN_log10zscore,UTR5GC,"
        "CDSGC,UTR3GC,ORFEXONDENSITY";
    std::string data_;
};

TEST_F(RealExpression, GenesWithTheirSequenceAreSplitByLocus) {
    std::string const file = data_ + "/expression/xpresso_mini_human_20kb.tsv.gz";
    LabelledSet const set =
        made("--table " + file + " --sequence-column promoter_20kb_TSScenter " +
             "--target-column expr_log10_median_rpkm_human --number-columns " + features_ +
             " --log10 ORFEXONDENSITY --locus-columns " + "chrom,start0,end");
    ASSERT_EQ(set.examples.size(), 101U);
    expect_printed("dropped   35 genes without a target, 0 incomplete");
    std::map<std::string, std::string> given;
    for_each_table_row(file, {"gene_id", "promoter_20kb_TSScenter"},
                       [&](TableRow const& row) { given[row.fields[0]] = row.fields[1]; });
    int compared = 0;
    for (LabelledExample const& gene : set.examples) {
        ASSERT_EQ(gene.codes.size(), 10'500U);
        if (given[gene.id].size() == 20'000) {
            EXPECT_EQ(gene.codes, base_codes(given[gene.id].substr(3000, 10'500)));
            ++compared;
        }
    }
    EXPECT_GT(compared, 90);
}

TEST_F(RealExpression, AllGenesOfBothTablesAreJoined) {
    LabelledSet const set =
        made("--features " + data_ + "/expression/mRNA_halflife_features.csv.gz --number-columns " +
             features_ + " --log10 ORFEXONDENSITY --targets " + data_ +
             "/expression/1to1_orthologs_expression.txt.gz --targets-id 1 --targets-value 4");
    EXPECT_EQ(set.examples.size(), 15'330U);
    EXPECT_EQ(set.number_names.back(), "log10(ORFEXONDENSITY+0.1)");
}

TEST_F(RealExpression, WindowsCutFromTheGenomeAreThoseOfTheTable) {
    std::string bed;
    std::map<std::string, std::string> given;
    for_each_table_row(
        data_ + "/expression/xpresso_mini_human_20kb.tsv.gz",
        {"gene_id", "assembly", "chrom", "start0", "strand", "promoter_20kb_TSScenter"},
        [&](TableRow const& row) {
            if (row.fields[1] != "hg38" || row.fields[2] != "chr2") {
                return;
            }
            given[row.fields[0]] = row.fields[5];
            // column 10,000 of the sequence, on the strand of the gene
            int const place = std::stoi(row.fields[3]) + (row.fields[4] == "+" ? 10'000 : 9'999);
            bed += "chr2\t" + std::to_string(place) + "\t" + std::to_string(place + 1) + "\t" +
                   row.fields[0] + "\t0\t" + row.fields[4] + "\n";
        });
    LabelledSet const set =
        made("--tss " + folder_.write("t.bed", bed) + " --genome " + data_ +
             "/genomes/homo_sapiens.pieces.fa.gz --targets " + data_ +
             "/expression/1to1_orthologs_expression.txt.gz --targets-id 1 --targets-value 4 "
             "--split 1,0,1 --group-by none");
    EXPECT_GE(set.examples.size(), 7U);
    for (LabelledExample const& gene : set.examples) {
        EXPECT_EQ(bases_text(gene.codes),
                  bases_text(base_codes(given[gene.id].substr(3000, 10'500))))
            << gene.id;
    }
}

}  // namespace
}  // namespace dnagpt
