#include "dnagpt/config/species_table.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dnagpt/core/check.hpp"
#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

class SpeciesTable : public ::testing::Test {
  protected:
    std::vector<SpeciesEntry> read(std::string const& text) {
        return read_species_table(folder_.write("species.toml", text));
    }
    std::string message_of(std::string const& text) {
        return testing::message_of([&] { read(text); });
    }

    testing::TemporaryFolder folder_;
};

TEST_F(SpeciesTable, ReadsEntries) {
    auto const entries = read(
        "[[species]]\nname='a'\ntoken='R'\nassembly='x'\nfiles=['a*.fa']\nexclude_contigs=['*alt*']"
        "\n"
        "[[species]]\nname='b'\ntoken='S'\nfiles=['b.fa', 'c.fa']\n");
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].token, 'R');
    EXPECT_EQ(entries[0].exclude_contigs, std::vector<std::string>{"*alt*"});
    EXPECT_EQ(entries[1].files.size(), 2U);
}

TEST_F(SpeciesTable, NamesWhatIsWrong) {
    EXPECT_NE(message_of("x = 1\n").find("[[species]]"), std::string::npos);
    EXPECT_NE(
        message_of("[[species]]\nname='a'\ntoken='M'\nfiles=['a']\n").find("no species letter"),
        std::string::npos);
    EXPECT_NE(message_of("[[species]]\nname='a'\ntoken='R'\n").find("'files' is missing"),
              std::string::npos);
    EXPECT_NE(message_of("[[species]]\nnmae='a'\n").find("nearest known one is 'name'"),
              std::string::npos);
    for (std::string const& name :
         {std::string("../evil"), std::string("/etc/x"), std::string("a/b"), std::string("a b"),
          std::string("a.b"), std::string("a\\nb"), std::string(5000, 'a')}) {
        std::string const text =
            fmt::format("[[species]]\nname=\"{}\"\ntoken='R'\nfiles=['a']\n", name);
        EXPECT_NE(message_of(text).find("letters, digits, _ and - only"), std::string::npos)
            << name;
    }
    EXPECT_NE(
        message_of("[[species]]\nname=''\ntoken='R'\nfiles=['a']\n").find("'name' is missing"),
        std::string::npos);
    EXPECT_EQ(message_of("[[species]]\nname='aZ_0-9'\ntoken='R'\nfiles=['a']\n"), "no error");
    std::string const one = "[[species]]\nname='a'\ntoken='R'\nfiles=['a']\n";
    EXPECT_NE(message_of(one + one).find("stands twice"), std::string::npos);
    EXPECT_NE(message_of("[[species]\n").find(":1: "), std::string::npos);
}

}  // namespace
}  // namespace dnagpt
