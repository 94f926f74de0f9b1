#include "dnagpt/data/labelled_groups.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "data/labelled_examples.hpp"
#include "harness/message_of.hpp"
#include "harness/random_bases.hpp"

namespace dnagpt {
namespace {

using testing::example;
using testing::many_examples;
using testing::random_bases;

TEST(LabelledGroups, ASharedStretchMakesAGroup) {
    std::vector<LabelledExample> examples = many_examples(20);
    GroupReport const report = assign_groups(examples, GroupBy::cluster);
    EXPECT_EQ(report.groups, 16);
    EXPECT_EQ(report.largest, 2);
    EXPECT_EQ(report.cut_groups, 0);
    EXPECT_EQ(examples[4].group, 3);
    EXPECT_EQ(examples[5].group, 5);
}

TEST(LabelledGroups, ContigsAndNothingAreGroupsToo) {
    std::vector<LabelledExample> examples = {example("chr1:1-5", "ACGTA", 0),
                                             example("chr2:1-5", "CCGTA", 0),
                                             example("chr1:7-11", "GCGTA", 0)};
    assign_groups(examples, GroupBy::contig);
    EXPECT_EQ(examples[2].group, 0);
    EXPECT_EQ(examples[1].group, 1);
    EXPECT_EQ(assign_groups(examples, GroupBy::none).groups, 3);
    EXPECT_NE(
        testing::message_of([] { group_by_called("gene"); }).find("locus, cluster, contig or none"),
        std::string::npos);
}

TEST(LabelledGroups, GroupsThatRepeatsHaveGrownAreCut) {
    std::string const repeat = random_bases(40, 1);
    std::vector<LabelledExample> examples;
    for (int i = 0; i < 450; ++i) {
        examples.push_back(example("r" + std::to_string(i),
                                   repeat + random_bases(30, static_cast<std::uint64_t>(i) + 2),
                                   0));
    }
    GroupReport const report = assign_groups(examples, GroupBy::cluster);
    EXPECT_EQ(report.largest, 450);
    EXPECT_EQ(report.cut_groups, 1);
    EXPECT_EQ(report.groups, 3);
    EXPECT_EQ(examples[199].group, 0);
    EXPECT_EQ(examples[200].group, 200);
    EXPECT_EQ(examples[449].group, 400);
}

std::vector<std::int32_t> groups_of(std::vector<LabelledExample> const& examples) {
    std::vector<std::int32_t> groups;
    for (LabelledExample const& each : examples) {
        groups.push_back(each.group);
    }
    return groups;
}

TEST(LabelledGroups, PlacesThatOverlapAndEqualSequencesAreOneLocus) {
    std::vector<LabelledExample> examples;
    for (std::uint64_t const seed : {1, 2, 3, 4, 5, 6, 1, 8}) {
        examples.push_back(
            example("g" + std::to_string(examples.size()), random_bases(50, seed), 0));
    }
    std::vector<GenomeRegion> const loci = {{"c1", 100, 200}, {"c1", 190, 210}, {"c1", 210, 300},
                                            {"c2", 100, 200}, {"c1", 50, 500},  {"c1", 500, 600},
                                            {"c9", 0, 50},    {"c2", -50, 101}};
    EXPECT_EQ(assign_groups(examples, GroupBy::locus, loci).groups, 3);
    EXPECT_EQ(groups_of(examples), (std::vector<std::int32_t>{0, 0, 0, 3, 0, 5, 0, 3}));
    EXPECT_EQ(assign_groups(examples, GroupBy::contig, loci).groups, 3);
    EXPECT_EQ(groups_of(examples), (std::vector<std::int32_t>{0, 0, 0, 3, 0, 0, 6, 3}));
    assign_groups(examples, GroupBy::cluster, loci);
    EXPECT_EQ(groups_of(examples), (std::vector<std::int32_t>{0, 0, 0, 3, 0, 5, 0, 3}));
}

TEST(LabelledGroups, ACutNeverDividesALocus) {
    std::string const repeat = random_bases(40, 1);
    std::vector<LabelledExample> examples;
    std::vector<GenomeRegion> loci;
    for (int i = 0; i < 450; ++i) {
        examples.push_back(example("r" + std::to_string(i), repeat, 0));
        std::int64_t const place = i % 225;  // two examples a locus, far apart in the list
        loci.push_back({"c", place * 100, place * 100 + 50});
    }
    GroupReport const report = assign_groups(examples, GroupBy::cluster, loci);
    EXPECT_EQ(report.cut_groups, 1);
    EXPECT_EQ(report.groups, 3);
    std::set<std::int32_t> groups;
    for (std::size_t i = 0; i < 225; ++i) {
        EXPECT_EQ(examples[i].group, examples[i + 225].group);
        groups.insert(examples[i].group);
    }
    EXPECT_EQ(groups, (std::set<std::int32_t>{0, 100, 200}));
}

TEST(LabelledGroups, ACutNeverDividesAPlaceThatIdsTell) {
    std::string const repeat = random_bases(40, 1);
    std::vector<LabelledExample> examples;
    for (int i = 0; i < 450; ++i) {
        int const begin = i % 225 * 100;  // two examples overlap, far apart in the list
        examples.push_back(example(
            "c:" + std::to_string(begin) + "-" + std::to_string(begin + 50) + "(+)", repeat, 0));
    }
    examples.push_back(example("no place", repeat, 0));
    GroupReport const report = assign_groups(examples, GroupBy::cluster);
    EXPECT_EQ(report.largest, 451);
    EXPECT_EQ(report.groups, 3);
    for (std::size_t i = 0; i < 225; ++i) {
        EXPECT_EQ(examples[i].group, examples[i + 225].group) << i;
    }
}

}  // namespace
}  // namespace dnagpt
