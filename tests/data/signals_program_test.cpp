// `dnagpt-prep signals`.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "data/prep_program.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/data/labelled_set.hpp"
#include "dnagpt/data/labelled_split.hpp"
#include "dnagpt/data/number_statistics.hpp"
#include "dnagpt/io/durable_file.hpp"
#include "harness/random_bases.hpp"

namespace dnagpt {
namespace {

using testing::Outcome;
using testing::random_bases;
using testing::run_prep;

class SignalsProgram : public ::testing::Test {
  protected:
    /// Records of 106 bases whose bases 50 .. 55 are `signal`.
    std::string fasta(std::string const& name, std::string const& signal, int count,
                      std::uint64_t seed) {
        std::string text;
        for (int i = 0; i < count; ++i) {
            auto const each = seed + static_cast<std::uint64_t>(i);
            text += ">" + name + "_" + std::to_string(i) + "\n" + random_bases(50, each) + signal +
                    random_bases(50, each + 100'000) + "\n";
        }
        return folder_.write(name + ".fa", text);
    }
    Outcome signals(std::string const& arguments) {
        return run_prep("signals " + arguments + " --output " + output());
    }
    std::string output() const { return folder_.file("set.h5"); }
    void expect_refused(std::string const& arguments, std::string const& part, int code = 1) {
        Outcome const outcome = signals(arguments);
        EXPECT_EQ(outcome.code, code) << outcome.output;
        EXPECT_NE(outcome.output.find(part), std::string::npos) << outcome.output;
        EXPECT_FALSE(std::filesystem::exists(output()));
    }

    testing::TemporaryFolder folder_;
};

TEST_F(SignalsProgram, PairsBecomeASetWithoutTheSignal) {
    std::string const pair = "--positive " + fasta("pos", "AATAAA", 60, 1) + " --negative " +
                             fasta("neg", "AATAAA", 60, 1000);
    Outcome const outcome = signals(pair + " --signal-start 50 --signal-length 6");
    ASSERT_EQ(outcome.code, 0) << outcome.output;
    EXPECT_NE(outcome.output.find("overlap   0 test"), std::string::npos) << outcome.output;
    LabelledSet const set = read_labelled_set(output());
    EXPECT_EQ(set.classes, (std::vector<std::string>{"negative", "positive"}));
    ASSERT_EQ(set.examples.size(), 120U);
    EXPECT_EQ(set.examples.front().codes.size(), 100U);
    EXPECT_EQ(set.examples.front().id, "neg_0");
    EXPECT_EQ(set.examples.back().label, 1);
    Outcome const inspected = run_prep("inspect " + output());
    EXPECT_EQ(inspected.code, 0);
    EXPECT_NE(inspected.output.find("labelled set     120 sequences, species token <R>"),
              std::string::npos)
        << inspected.output;
    ASSERT_EQ(signals(pair + " --signal-start 50 --signal-length 6 --keep-signal").code, 0);
    EXPECT_EQ(read_labelled_set(output()).examples.front().codes.size(), 106U);
}

TEST_F(SignalsProgram, TablesGiveIdsAndNumbers) {
    std::string rows;
    for (int i = 0; i < 30; ++i) {
        rows += "e" + std::to_string(i) + "\t" +
                random_bases(60, static_cast<std::uint64_t>(i) + 1) + "\t" + std::to_string(i) +
                ".5\t" + (i % 2 == 0 ? "on" : "off") + "\t1e-3\n";
    }
    std::string const table = folder_.write("t.tsv", "name\tSequence\tgc\tLabel\tage\n" + rows);
    Outcome const outcome =
        signals("--table " + table + " --id-column name --number-columns age,gc");
    ASSERT_EQ(outcome.code, 0) << outcome.output;
    LabelledSet const set = read_labelled_set(output());
    EXPECT_EQ(set.answer, AnswerKind::classes);
    EXPECT_EQ(set.number_names, (std::vector<std::string>{"age", "gc"}));
    EXPECT_EQ(set.examples[7].id, "e7");
    EXPECT_EQ(set.classes[static_cast<std::size_t>(set.examples[7].label)], "off");
    EXPECT_EQ(set.examples[7].numbers, (std::vector<double>{1e-3, 7.5}));
    double sum = 0;
    double count = 0;
    for (LabelledExample const& each : set.examples) {
        sum += each.split == Split::train ? each.numbers[1] : 0;
        count += each.split == Split::train ? 1 : 0;
    }
    EXPECT_NEAR(training_statistics(set).numbers[1].mean, sum / count, 1e-12);
    EXPECT_NE(outcome.output.find("\ngc "), std::string::npos) << outcome.output;
    EXPECT_EQ(outcome.output.find("target"), std::string::npos) << outcome.output;
    EXPECT_NE(run_prep("inspect " + output()).output.find("  gc "), std::string::npos);

    ASSERT_EQ(signals("--table " + table + " --number-columns 3").code, 0);
    LabelledSet const numbered = read_labelled_set(output());
    EXPECT_EQ(numbered.number_names, std::vector<std::string>{"gc"});
    EXPECT_EQ(numbered.examples[7].numbers, std::vector<double>{7.5});
    EXPECT_EQ(numbered.examples[7].id, "t.tsv:9");
}

TEST_F(SignalsProgram, BadColumnsAreNamed) {
    std::string const table = folder_.write(
        "t.tsv", "id\tsequence\tlabel\tgc\na\tACGT\tx\t1\n\nb\tGGGT\ty\t\n\tGGCC\ty\tz\n");
    std::string const of = "--table " + table;
    expect_refused(of + " --number-columns gc", "t.tsv row 4: gc is missing");
    expect_refused(of + " --number-columns label", "t.tsv row 2: 'x' in label is no finite number");
    expect_refused(of + " --number-columns none", "t.tsv has no column 'none'");
    expect_refused(of + " --id-column id", "t.tsv row 5 has no id in id");
    std::string const bare = folder_.write("bare.csv", "ACGT,x,1\nGGGT,y,2\n");
    expect_refused("--table " + bare + " --number-columns gc", "bare.csv has no column 'gc'");
    expect_refused("--table " + bare + " --id-column ACGT", "bare.csv has no head line");
    expect_refused("--train a --dev b --test c --id-column id", "--id-column requires --table", 2);
}

TEST_F(SignalsProgram, ReadyMadeSplitsStay) {
    std::string const doubtful = random_bases(70, 900);
    auto const table = [&](std::string const& name, int count, std::uint64_t seed,
                           std::string const& more = "") {
        std::string text = "sequence,label\n" + more;
        for (int i = 0; i < count; ++i) {
            text += random_bases(70, seed + static_cast<std::uint64_t>(i)) + "," +
                    std::to_string(i % 3) + "\n";
        }
        return folder_.write(name, text);
    };
    Outcome const outcome =
        signals("--train " + table("train.csv", 30, 1, doubtful + ",1\n" + doubtful + ",2\n") +
                " --dev " + table("dev.csv", 6, 20) + " --test " + table("test.csv", 9, 500));
    ASSERT_EQ(outcome.code, 0) << outcome.output;
    EXPECT_NE(outcome.output.find("dropped   6 training records that stand in validation or test, "
                                  "2 of sequences with two labels\ngroups    39, the largest of 1"),
              std::string::npos)
        << outcome.output;
    LabelledSet const set = read_labelled_set(output());
    EXPECT_EQ(set.classes, (std::vector<std::string>{"0", "1", "2"}));
    EXPECT_EQ(set.examples.size(), 39U);
    EXPECT_EQ(set.examples.back().split, Split::test);
}

TEST_F(SignalsProgram, BadInputIsToldAndLeavesNothing) {
    std::string const few = fasta("few", "AATAAA", 1, 1);
    std::string const some = fasta("some", "AATAAA", 20, 50);
    expect_refused("--positive " + few, "--negative");
    expect_refused("--positive " + few + " --table x.csv", "one kind of input");
    expect_refused("", "one kind of input");
    expect_refused("--train x.csv", "belong together");
    for (std::string const option : {"--split 8,1,1", "--seed 2", "--group-by none"}) {
        expect_refused("--train x.csv --dev y.csv --test z.csv " + option, "--train excludes --",
                       2);
    }
    expect_refused("--positive " + few + " --negative " + some,
                   few + ": class 'positive' has no record in ");
    expect_refused("--positive " + few + " " + some + " --negative " + some,
                   "some.fa is named by --positive and by --negative");
    std::string const copy = folder_.write("copy.fa", read_text(some));
    expect_refused("--positive " + some + " --negative " + copy, "no record is left");
    expect_refused(
        "--train x.csv --validation " + some + " --test " + folder_.path() + "/./some.fa",
        "some.fa is named by --validation and by --test");
    expect_refused(
        "--positive " + few + " --negative " + some + " --signal-start 104 --signal-length 6",
        "some.fa record 1 (some_0) has 106 bases");
    expect_refused("--table " + folder_.write("one.csv", "ACGT,1\nGGGT,1\n"),
                   "all records have the label '1'");
    expect_refused("--positive " + few + " --negative " + some + " --group-by gene", "group-by", 2);
    expect_refused("--positive " + few + " --negative " + some + " --species-token X", "X");
}

TEST_F(SignalsProgram, LabelLettersMustBeThoseOfTheOption) {
    auto const lines = [&](std::string const& name, std::string const& letter, std::uint64_t seed) {
        std::string text;
        for (std::uint64_t i = 0; i < 20; ++i) {
            text += random_bases(60, seed + i) + letter + "\n";
        }
        return folder_.write(name, text);
    };
    std::string const p = lines("p.txt", "P", 1);
    std::string const n = lines("n.txt", "N", 100);
    expect_refused(
        "--positive " + n + " --negative " + lines("plain.txt", "", 200),
        "n.txt is given as --positive, and each of its lines ends in the label letter N");
    expect_refused("--positive " + lines("plain.txt", "", 200) + " --negative " + p,
                   "p.txt is given as --negative");
    ASSERT_EQ(signals("--positive " + p + " --negative " + n).code, 0);
    EXPECT_EQ(read_labelled_set(output()).examples.front().codes.size(), 60U);
}

TEST_F(SignalsProgram, LabelsOutsideTheClassesAreNamed) {
    auto const table = [&](std::string const& name, std::string const& last, std::uint64_t seed) {
        return folder_.write(name, "sequence,label\n" + random_bases(70, seed) + ",a\n" +
                                       random_bases(70, seed + 1) + ",b\n" +
                                       random_bases(70, seed + 2) + "," + last + "\n");
    };
    std::string const train = table("train.csv", "a", 1);
    std::string const dev = table("dev.csv", "b", 11);
    expect_refused("--train " + train + " --dev " + dev + " --test " + table("test.csv", "c", 21),
                   "test.csv row 4: no row of " + train + " has the label 'c'");
    std::string const only = folder_.write("only.csv", random_bases(70, 31) + ",a\n");
    expect_refused("--train " + train + " --dev " + dev + " --test " + only,
                   "only.csv: class 'b' has no record in test (every split needs each class");
}

TEST_F(SignalsProgram, WhatIsDroppedAndGroupedIsToldByValue) {
    std::string const shared = random_bases(40, 1);
    std::string rows = "sequence,label\n";
    for (std::uint64_t i = 0; i < 40; ++i) {
        std::string const begin = i < 6 ? shared : random_bases(40, 100 + i);
        rows += begin + random_bases(40, 200 + i) + (i % 2 == 0 ? ",a\n" : ",b\n");
    }
    std::string const copied = random_bases(80, 300);
    std::string const doubtful = random_bases(80, 301);
    rows += copied + ",a\n" + copied + ",a\n" + copied + ",a\n";
    rows += doubtful + ",a\n" + doubtful + ",b\n";
    Outcome const outcome = signals("--table " + folder_.write("t.csv", rows));
    ASSERT_EQ(outcome.code, 0) << outcome.output;
    for (std::string const part :
         {"read      45 records\n",
          "dropped   2 copies of a sequence, 2 records of sequences with two labels\n",
          "groups    36, the largest of 6 records, 0 cut",
          "overlap   0 test records share a 32-mer with training\n"}) {
        EXPECT_NE(outcome.output.find(part), std::string::npos) << part << outcome.output;
    }
    std::map<std::int32_t, Split> split_of_group;
    LabelledSet const set = read_labelled_set(output());
    for (LabelledExample const& each : set.examples) {
        EXPECT_EQ(split_of_group.emplace(each.group, each.split).first->second, each.split);
    }
    EXPECT_EQ(split_of_group.size(), 36U);
}

TEST_F(SignalsProgram, RealSignalsAreSplitWithoutOverlap) {
    char const* const folder = std::getenv("DNAGPT_DATA_DIR");
    if (folder == nullptr) {
        GTEST_SKIP() << "DNAGPT_DATA_DIR is not set: no real signals";
    }
    std::string const human = std::string(folder) + "/gsr/Human/PAS/";
    Outcome const outcome =
        signals("--positive " + human + "hs_[ACGT]*_polyA.fa.gz --negative " + human +
                "hs_neg*_polyA.fa.gz --signal-start 300 --signal-length 6");
    ASSERT_EQ(outcome.code, 0) << outcome.output;
    EXPECT_NE(outcome.output.find("read      19,262 records"), std::string::npos) << outcome.output;
    LabelledSet const set = read_labelled_set(output());
    auto const counts = count_examples(set);
    for (std::size_t label = 0; label < 2; ++label) {
        auto const all =
            static_cast<double>(counts[0][label] + counts[1][label] + counts[2][label]);
        EXPECT_NEAR(static_cast<double>(counts[0][label]) / all, 0.6, 0.01);
        EXPECT_NEAR(static_cast<double>(counts[2][label]) / all, 0.25, 0.01);
        EXPECT_GT(all, 5000);
    }
    std::map<std::int32_t, Split> split_of_group;
    for (LabelledExample const& each : set.examples) {
        ASSERT_EQ(each.codes.size(), 600U);
        ASSERT_EQ(split_of_group.emplace(each.group, each.split).first->second, each.split)
            << each.id;
    }
    std::int64_t const sharing = test_examples_sharing_kmers(set.examples);
    for (std::string const& part : {"\noverlap   " + std::to_string(sharing) + " test records",
                                    std::string(" records of sequences with two labels\n"),
                                    "\ngroups    " + format_count(split_of_group.size()) + ","}) {
        EXPECT_NE(outcome.output.find(part), std::string::npos) << part << outcome.output;
    }
    RecordProperty("printed", outcome.output);
}

}  // namespace
}  // namespace dnagpt
