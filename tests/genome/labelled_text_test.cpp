#include "dnagpt/genome/labelled_text.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;

class LabelledText : public ::testing::Test {
  protected:
    std::string error_of_table(std::string const& text) {
        std::string const path = folder_.write("bad.csv", text);
        return message_of([&] { read_labelled_table(path); });
    }
    std::string error_of_sequences(std::string const& text) {
        std::string const path = folder_.write("bad.txt", text);
        return message_of([&] { read_sequences(path, "x"); });
    }

    testing::TemporaryFolder folder_;
};

void expect_holds(std::string const& text, std::string const& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(LabelledText, ReadsFastaWithItsNames) {
    auto const file = read_sequences(folder_.write("a.fa", ">s1 text\nACG\nTN\n>s2\nggc\n"), "yes");
    ASSERT_EQ(file.records.size(), 2U);
    EXPECT_EQ(file.records[0].id, "s1");
    EXPECT_EQ(bases_text(file.records[0].codes), "ACGTN");
    EXPECT_EQ(bases_text(file.records[1].codes), "GGC");
    EXPECT_EQ(file.records[1].label, "yes");
    EXPECT_EQ(file.records[1].place, folder_.file("a.fa") + " record 2 (s2)");
    EXPECT_EQ(file.label_letter, '\0');
}

TEST_F(LabelledText, ReadsOneSequenceALine) {
    auto const file = read_sequences(folder_.write("a.txt", "ACGT\n\nGGTN\n"), "no");
    ASSERT_EQ(file.records.size(), 2U);
    EXPECT_EQ(file.records[1].id, "a.txt:3");
    EXPECT_EQ(file.records[1].place, folder_.file("a.txt") + " row 3");
    EXPECT_EQ(bases_text(file.records[1].codes), "GGTN");
    EXPECT_EQ(file.label_letter, '\0');
}

TEST_F(LabelledText, TakesLabelLettersOff) {
    for (std::string const letter : {"P", "N"}) {
        auto const file =
            read_sequences(folder_.write("a.txt", "ACGT" + letter + "\nGG" + letter + "\n"), "no");
        EXPECT_EQ(file.label_letter, letter.front());
        EXPECT_EQ(bases_text(file.records[0].codes), "ACGT");
        EXPECT_EQ(bases_text(file.records[1].codes), "GG");
    }
}

TEST_F(LabelledText, ReadsTablesOfEveryForm) {
    for (std::string const text :
         {"ACGT,1\nGG,0\n", "sequence,label\nACGT,1\nGG,0\n",
          "Label\tid\tSequence\n1\tx\tACGT\n0\ty\tGG\n", "\"ACGT\",\"1\"\r\n\"GG\", 0\r\n",
          "\xEF\xBB\xBFsequence,label\r\nACGT,1\r\nGG,0\r\n",
          "\xEF\xBB\xBF"
          "ACGT,1\nGG,0\n"}) {
        auto const records = read_labelled_table(folder_.write("a.csv", text));
        ASSERT_EQ(records.size(), 2U) << text;
        EXPECT_EQ(bases_text(records[0].codes), "ACGT") << text;
        EXPECT_EQ(records[0].label, "1") << text;
        EXPECT_EQ(records[1].label, "0") << text;
    }
    auto const rows = read_labelled_table(folder_.write("b.csv", "sequence,label\nACGT,1\n"));
    EXPECT_EQ(rows.front().place, folder_.file("b.csv") + " row 2");
}

TEST_F(LabelledText, FieldsMayBeQuoted) {
    EXPECT_EQ(split_fields("a,\"b,\"\"c\"\"\",,d", ','),
              (std::vector<std::string>{"a", "b,\"c\"", "", "d"}));
}

TEST_F(LabelledText, WrongRowsAreNamed) {
    expect_holds(error_of_table("ACGT,1\nAC"), "bad.csv row 2 has 1 column(s)");
    expect_holds(error_of_table("ACGT,1\n\n,0\n"), "row 3: the sequence is empty");
    expect_holds(error_of_table("ACGT,1\nAEGT,0\n"), "row 2: 'E' at position 2");
    expect_holds(error_of_table("ACGT,1\nACGT, \n"), "row 2 has no label");
    expect_holds(error_of_table("sequence,label\n"), "no record");
    expect_holds(error_of_table(""), "no record");
    expect_holds(error_of_sequences("ACGT\nAC-T\n"), "bad.txt row 2: '-' at position 3");
    expect_holds(error_of_sequences(">a\nACG\n>b\n>c\nA\n"), "record 2 (b): the sequence is empty");
}

TEST_F(LabelledText, ReadsTheRealFiles) {
    char const* const folder = std::getenv("DNAGPT_DATA_DIR");
    if (folder == nullptr) {
        GTEST_SKIP() << "DNAGPT_DATA_DIR is not set: no real signals";
    }
    std::string const human = std::string(folder) + "/gsr/Human/";
    auto const positive = read_sequences(human + "samples/hs_pos_PAS.txt.gz", "positive");
    EXPECT_EQ(positive.records.size(), 500U);
    EXPECT_EQ(positive.label_letter, 'P');
    EXPECT_EQ(positive.records.front().codes.size(), 600U);
    auto const negative = read_sequences(human + "samples/hs_mini_neg_TIS.txt.gz", "negative");
    EXPECT_EQ(negative.records.size(), 200U);
    EXPECT_EQ(negative.records.back().codes.size(), 600U);
    auto const chen = read_sequences(human + "TIS_chen2014/humanTIS.pos.gz", "positive");
    EXPECT_EQ(chen.records.size(), 1158U);
    EXPECT_EQ(chen.records.front().codes.size(), 300U);
}

TEST_F(LabelledText, ATabWithinALabelIsNamed) {
    expect_holds(error_of_table("sequence,label\nAC,\"a\tb\"\n"), "has a tab within its label");
}

}  // namespace
}  // namespace dnagpt
