#include "dnagpt/genome/gene_window.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "harness/message_of.hpp"
#include "harness/random_bases.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;

std::string around(std::string const& bases, std::int64_t middle, WindowShape shape) {
    return bases_text(window_around(base_codes(bases), middle, shape));
}

TEST(GeneWindow, TakesBasesAroundTheMiddleAndFillsWithN) {
    EXPECT_EQ(around("ACGTACGT", 4, {3, 2}), "CGTAC");
    EXPECT_EQ(around("ACGTACGT", 1, {3, 2}), "NNACG");
    EXPECT_EQ(around("ACGTACGT", 7, {1, 3}), "GTNN");
    EXPECT_EQ(around("ACG", 1, {3, 4}), "NNACGNN");
    EXPECT_EQ(around("ACG", 20, {2, 2}), "NNNN");
    EXPECT_EQ(around("ACG", -20, {2, 2}), "NNNN");
    EXPECT_EQ(around("", 0, {1, 1}), "NN");
}

TEST(GeneWindow, StandsInTheDirectionOfTranscription) {
    auto const contig = base_codes("AACCCTGGGG");
    TranscriptionStart start{"g", "c", 5, false, 1};
    EXPECT_EQ(bases_text(window_at(contig, start, {3, 2})), "CCCTG");
    EXPECT_EQ(window_region(start, {3, 2}), (GenomeRegion{"c", 2, 7}));
    start.reverse = true;  // from place 5 downwards: A G ..., upstream the complement of G G G
    EXPECT_EQ(bases_text(window_at(contig, start, {3, 2})), "CCCAG");
    EXPECT_EQ(window_region(start, {3, 2}), (GenomeRegion{"c", 4, 9}));
    start.position = 9;
    EXPECT_EQ(bases_text(window_at(contig, start, {2, 3})), "NNCCC");
}

TEST(GeneWindow, BothStrandsOfAContigGiveTheSameWindow) {
    std::string const bases = testing::random_bases(101, 7);
    auto reversed = base_codes(bases);
    reverse_complement_bases(reversed);
    TranscriptionStart const plus{"g", "c", 30, false, 1};
    TranscriptionStart const minus{"g", "c", 100 - 30, true, 1};
    WindowShape const shape{40, 20};
    EXPECT_EQ(window_at(base_codes(bases), plus, shape), window_at(reversed, minus, shape));
}

class TranscriptionStarts : public ::testing::Test {
  protected:
    std::string error_of(std::string const& text) {
        return message_of([&] { read_transcription_starts(folder_.write("t.bed", text)); });
    }
    void expect_error(std::string const& text, std::string const& part) {
        EXPECT_NE(error_of(text).find(part), std::string::npos) << error_of(text);
    }

    testing::TemporaryFolder folder_;
};

TEST_F(TranscriptionStarts, AreTheFirstBaseOnPlusAndTheLastOnMinus) {
    auto const starts = read_transcription_starts(
        folder_.write("t.bed",
                      "# made up\ntrack name=x\nchr1\t10\t11\tg1\t0\t+\n\nchr1\t10\t11\tg2\t0\t-\n"
                      "chr2\t100\t200\tg3\t0\t+\textra\nchr2\t100\t200\tg4\t0\t-\n"));
    ASSERT_EQ(starts.size(), 4U);
    EXPECT_EQ(starts[0].position, 10);
    EXPECT_EQ(starts[1].position, 10);
    EXPECT_TRUE(starts[1].reverse);
    EXPECT_EQ(starts[1].row, 5);
    EXPECT_EQ(starts[2].position, 100);
    EXPECT_EQ(starts[3].position, 199);
    EXPECT_EQ(starts[3].gene, "g4");
    EXPECT_EQ(starts[3].contig, "chr2");
}

TEST_F(TranscriptionStarts, ErrorsNameFileAndRow) {
    expect_error("chr1\t1\t2\tg\t0\n", "t.bed row 1 has 5 columns");
    expect_error("chr1\t1\t2\tg\t0\t+\nchr1\t1\t2\tg\t0\t.\n", "t.bed row 2: the strand is '.'");
    expect_error("chr1\t2\t2\tg\t0\t+\n", "row 1: '2' and '2' are no start and end");
    expect_error("chr1\t-2\t2\tg\t0\t+\n", "row 1: '-2' and '2'");
    expect_error("chr1\t1\t2\t\t0\t+\n", "row 1: the gene is missing");
    expect_error("# nothing\n", "t.bed holds no entry");
}

TEST_F(TranscriptionStarts, WindowsAreCutFromAllFiles) {
    std::vector<std::string> const genome = {
        folder_.write("a.fa", ">other\nTTTT\n>c1 text\nAACCC\nTGGGG\n"),
        folder_.write("b.fa", ">c2\nACGT\n")};
    std::vector<TranscriptionStart> const starts = {
        {"g1", "c2", 1, false, 1}, {"g2", "none", 1, false, 2}, {"g3", "c1", 5, true, 3}};
    auto const windows = cut_windows(genome, "t.bed", starts, {3, 2});
    ASSERT_EQ(windows.size(), 3U);
    EXPECT_EQ(bases_text(windows[0]), "NNACG");
    EXPECT_TRUE(windows[1].empty());
    EXPECT_EQ(bases_text(windows[2]), "CCCAG");
    std::vector<TranscriptionStart> const behind = {{"g", "c2", 4, false, 9}};
    EXPECT_NE(message_of([&] {
                  cut_windows(genome, "t.bed", behind, {3, 2});
              }).find("t.bed row 9: place 4 lies behind the end of 'c2' (4 bases"),
              std::string::npos);
    EXPECT_NE(message_of([&] {
                  cut_windows({genome[1], genome[1]}, "t.bed", starts, {3, 2});
              }).find("second record 'c2'"),
              std::string::npos);
}

}  // namespace
}  // namespace dnagpt
