#include "dnagpt/data/labelled_set.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "dnagpt/io/durable_file.hpp"
#include "dnagpt/io/hdf5_file.hpp"
#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;

LabelledSet small_set() {
    LabelledSet set;
    set.classes = {"negative", "positive"};
    set.species_token = 'O';
    set.settings = "split 6:1.5:2.5";
    set.program_version = "1";
    set.examples = {{"a", base_codes("ACGTN"), 1, 0, Split::train},
                    {"b", base_codes("G"), 0, 1, Split::validation},
                    {"c", base_codes("TTT"), 1, 1, Split::test}};
    return set;
}

TEST(LabelledSet, ComesBackAsItWas) {
    testing::TemporaryFolder const folder;
    std::string const path = folder.file("set.h5");
    write_labelled_set(path, small_set());
    EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
    LabelledSet const found = read_labelled_set(path);
    EXPECT_EQ(found.classes, small_set().classes);
    EXPECT_EQ(found.species_token, 'O');
    EXPECT_EQ(found.settings, "split 6:1.5:2.5");
    ASSERT_EQ(found.examples.size(), 3U);
    EXPECT_EQ(found.examples[0].id, "a");
    EXPECT_EQ(bases_text(found.examples[0].codes), "ACGTN");
    EXPECT_EQ(bases_text(found.examples[1].codes), "G");
    EXPECT_EQ(found.examples[1].split, Split::validation);
    EXPECT_EQ(found.examples[2].label, 1);
    EXPECT_EQ(found.examples[2].group, 1);
    EXPECT_EQ(count_examples(found),
              (std::vector<std::vector<std::int64_t>>{{0, 1}, {1, 0}, {0, 1}}));
}

TEST(LabelledSet, NumbersAndTargetsComeBackBitForBit) {
    testing::TemporaryFolder const folder;
    LabelledSet set;
    set.answer = AnswerKind::number;
    set.number_names = {"length", "GC"};
    set.target_name = "abundance";
    set.examples = {{"a", base_codes("ACG"), 0, 0, Split::train, {0.1, -3}, 1.5},
                    {"b", {}, 0, 1, Split::test, {1e-9, 7}, -0.25}};
    write_labelled_set(folder.file("set.h5"), set);
    LabelledSet const found = read_labelled_set(folder.file("set.h5"));
    EXPECT_EQ(found.answer, AnswerKind::number);
    EXPECT_TRUE(found.classes.empty());
    EXPECT_EQ(found.number_names, set.number_names);
    EXPECT_EQ(found.target_name, "abundance");
    EXPECT_EQ(found.examples[0].numbers, set.examples[0].numbers);
    EXPECT_EQ(found.examples[1].numbers, set.examples[1].numbers);
    EXPECT_EQ(found.examples[1].target, -0.25);
    EXPECT_TRUE(found.examples[1].codes.empty());
    EXPECT_EQ(count_examples(found), (std::vector<std::vector<std::int64_t>>{{1}, {0}, {1}}));
}

TEST(LabelledSet, SitesOfHaplotypesComeBack) {
    testing::TemporaryFolder const folder;
    LabelledSet set;
    set.answer = AnswerKind::words;
    set.sites = {{"chr1", 99, "rs1", "C", "T"}, {"chr1", 204, ".", "G", "A"}};
    set.examples = {{"a_A", base_codes("AG"), 0, 0, Split::train}};
    write_labelled_set(folder.file("set.h5"), set);
    EXPECT_EQ(read_labelled_set(folder.file("set.h5")).sites, set.sites);
}

TEST(LabelledSet, EqualSetsAreEqualBytes) {
    testing::TemporaryFolder const folder;
    write_labelled_set(folder.file("one.h5"), small_set());
    write_labelled_set(folder.file("two.h5"), small_set());
    EXPECT_EQ(read_text(folder.file("one.h5")), read_text(folder.file("two.h5")));
}

TEST(LabelledSet, DamageIsNamed) {
    testing::TemporaryFolder const folder;
    write_labelled_set(folder.file("one.h5"), small_set());
    std::string bytes = read_text(folder.file("one.h5"));
    bytes[bytes.size() - 3] = static_cast<char>(bytes[bytes.size() - 3] ^ 1);
    std::string const path = folder.write("two.h5", bytes);
    EXPECT_NE(message_of([&] { read_labelled_set(path); }).find("is damaged in"),
              std::string::npos);
}

/// The columns of a set of two classes and two examples, as another program might write them.
struct ForeignSet {
    std::vector<std::int32_t> labels = {0, 1};
    std::vector<std::uint8_t> splits = {0, 2};
    std::vector<std::int64_t> first_bases = {0, 2, 3};
    std::vector<std::uint8_t> bases = {1, 2, 4};
};

void write_foreign(std::string const& path, ForeignSet const& set) {
    Hdf5File file = Hdf5File::create(path, user_block_bytes(3));
    file.set_attribute("/", "format", "dnagpt labelled set");
    file.set_attribute("/", "format_version", labelled_set_version);
    file.set_attribute("/", "answer", "class");
    for (char const* name : {"species_token", "target_name", "settings", "program_version"}) {
        file.set_attribute("/", name, "R");
    }
    file.write_strings("/id", {"a", "b"});
    file.write_strings("/classes", {"no", "yes"});
    file.write("/group", std::vector<std::int32_t>{0, 1});
    file.write("/split", set.splits);
    if (!set.labels.empty()) {
        file.write("/label", set.labels);
    }
    file.write("/first_base", set.first_bases);
    file.write("/bases", set.bases);
    file.close_and_seal();
}

TEST(LabelledSet, ValuesThatMeanNothingAreNamed) {
    testing::TemporaryFolder const folder;
    std::string const path = folder.file("foreign.h5");
    auto const problem = [&](ForeignSet const& set) {
        write_foreign(path, set);
        return message_of([&] { read_labelled_set(path); });
    };
    auto const expect = [&](ForeignSet const& set, std::string const& part) {
        std::string const message = problem(set);
        EXPECT_NE(message.find(path + part), std::string::npos) << message;
    };
    EXPECT_EQ(problem({}), "no error");
    expect({.labels = {0, 2}}, ": example b has the label 2, and the set has 2 classes");
    expect({.labels = {-1, 0}}, ": example a has the label -1");
    expect({.labels = {}}, " has no /label");
    expect({.splits = {0, 3}}, ": example b has the split 3");
    expect({.first_bases = {0, 4, 3}}, ": /first_base does not rise from 0");
    expect({.first_bases = {1, 2, 3}}, ": /first_base does not rise from 0");
    expect({.bases = {1, 5, 4}}, ": /bases holds 5");
}

TEST(LabelledSet, LabelsWithoutClassesAndSpeciesTokensAreChecked) {
    testing::TemporaryFolder const folder;
    std::string const path = folder.file("foreign.h5");
    auto const problem = [&](char const* answer, char const* token, std::int32_t label) {
        Hdf5File file = Hdf5File::create(path, user_block_bytes(3));
        file.set_attribute("/", "format", "dnagpt labelled set");
        file.set_attribute("/", "format_version", labelled_set_version);
        file.set_attribute("/", "answer", answer);
        file.set_attribute("/", "species_token", token);
        for (char const* name : {"target_name", "settings", "program_version"}) {
            file.set_attribute("/", name, "");
        }
        file.write_strings("/id", {"a"});
        file.write("/group", std::vector<std::int32_t>{0});
        file.write("/split", std::vector<std::uint8_t>{0});
        file.write("/label", std::vector<std::int32_t>{label});
        file.write("/first_base", std::vector<std::int64_t>{0, 1});
        file.write("/bases", std::vector<std::uint8_t>{1});
        file.close_and_seal();
        return message_of([&] { read_labelled_set(path); });
    };
    EXPECT_EQ(problem("words", "R", 0), "no error");
    EXPECT_NE(problem("words", "R", 1000).find("has the label 1000"), std::string::npos);
    EXPECT_NE(problem("class", "R", 0).find("the set has 0 classes"), std::string::npos);
    EXPECT_NE(problem("words", "", 0).find("species_token is not one letter"), std::string::npos);
}

}  // namespace
}  // namespace dnagpt
