#include "dnagpt/data/labelled_split.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "harness/message_of.hpp"
#include "harness/random_bases.hpp"

namespace dnagpt {
namespace {

using testing::random_bases;

LabelledExample example(std::string const& id, std::string const& bases, std::int32_t label,
                        Split split = Split::train) {
    return {id, base_codes(bases), label, 0, split};
}

/// `count` sequences of 80 bases; every fifth shares a 40-mer with the one before.
std::vector<LabelledExample> many(int count) {
    std::vector<LabelledExample> examples;
    for (int i = 0; i < count; ++i) {
        auto const seed = static_cast<std::uint64_t>(i);
        std::string bases = random_bases(80, seed);
        if (i % 5 == 4) {
            bases = random_bases(80, seed - 1).substr(20, 40) + random_bases(40, seed + 10'000);
        }
        examples.push_back(example("e" + std::to_string(i), bases, i % 3 == 0 ? 1 : 0));
    }
    return examples;
}

TEST(LabelledSplit, CopiesGoAndSequencesWithTwoLabelsGoAltogether) {
    std::vector<LabelledExample> examples = {example("a", "ACGT", 0), example("b", "ACGT", 0),
                                             example("c", "GGGG", 0), example("d", "GGGG", 1),
                                             example("e", "GGGG", 1), example("f", "TTTT", 1)};
    DroppedDuplicates const dropped = drop_duplicates(examples);
    EXPECT_EQ(dropped.same_label, 1);
    EXPECT_EQ(dropped.two_labels, 3);
    ASSERT_EQ(examples.size(), 2U);
    EXPECT_EQ(examples[0].id, "a");
    EXPECT_EQ(examples[1].id, "f");
}

TEST(LabelledSplit, ASharedStretchMakesAGroup) {
    std::vector<LabelledExample> examples = many(20);
    GroupReport const report = assign_groups(examples, GroupBy::cluster);
    EXPECT_EQ(report.groups, 16);
    EXPECT_EQ(report.largest, 2);
    EXPECT_EQ(report.cut_groups, 0);
    EXPECT_EQ(examples[4].group, 3);
    EXPECT_EQ(examples[5].group, 5);
}

TEST(LabelledSplit, ContigsAndNothingAreGroupsToo) {
    std::vector<LabelledExample> examples = {example("chr1:1-5", "ACGTA", 0),
                                             example("chr2:1-5", "CCGTA", 0),
                                             example("chr1:7-11", "GCGTA", 0)};
    assign_groups(examples, GroupBy::contig);
    EXPECT_EQ(examples[2].group, 0);
    EXPECT_EQ(examples[1].group, 1);
    EXPECT_EQ(assign_groups(examples, GroupBy::none).groups, 3);
    EXPECT_NE(testing::message_of([] { group_by_called("gene"); }).find("cluster, contig or none"),
              std::string::npos);
}

TEST(LabelledSplit, GroupsThatRepeatsHaveGrownAreCut) {
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

std::map<std::string, Split> splits_of(std::vector<LabelledExample> examples, std::uint64_t seed) {
    assign_groups(examples, GroupBy::cluster);
    assign_splits(examples, {6, 1.5, 2.5}, seed);
    std::map<std::string, Split> splits;
    for (LabelledExample const& each : examples) {
        splits[each.id] = each.split;
    }
    return splits;
}

TEST(LabelledSplit, SharesHoldForEachClassAndGroupsStayTogether) {
    std::vector<LabelledExample> examples = many(2000);
    assign_groups(examples, GroupBy::cluster);
    assign_splits(examples, {6, 1.5, 2.5}, 1);
    std::map<std::int32_t, Split> of_group;
    std::map<std::pair<std::int32_t, Split>, double> counts;
    std::map<std::int32_t, double> totals;
    for (LabelledExample const& each : examples) {
        EXPECT_EQ(of_group.emplace(each.group, each.split).first->second, each.split);
        ++counts[{each.label, each.split}];
        ++totals[each.label];
    }
    for (std::int32_t const label : {0, 1}) {
        EXPECT_NEAR((counts[{label, Split::train}] / totals[label]), 0.6, 0.02);
        EXPECT_NEAR((counts[{label, Split::validation}] / totals[label]), 0.15, 0.02);
        EXPECT_NEAR((counts[{label, Split::test}] / totals[label]), 0.25, 0.02);
    }
    EXPECT_EQ(test_examples_sharing_kmers(examples), 0);
}

TEST(LabelledSplit, DependsOnTheSeedAndNotOnTheOrder) {
    std::vector<LabelledExample> const examples = many(300);
    std::vector<LabelledExample> turned(examples.rbegin(), examples.rend());
    auto const splits = splits_of(examples, 1);
    EXPECT_EQ(splits_of(turned, 1), splits);
    EXPECT_NE(splits_of(examples, 2), splits);
}

TEST(LabelledSplit, TrainingCopiesOfHeldOutSequencesGo) {
    std::string const same = random_bases(50, 1);
    std::vector<LabelledExample> examples = {example("a", same, 0),
                                             example("b", random_bases(50, 2), 0),
                                             example("c", same, 1, Split::test)};
    EXPECT_EQ(test_examples_sharing_kmers(examples), 1);
    EXPECT_EQ(drop_training_copies(examples), 1);
    ASSERT_EQ(examples.size(), 2U);
    EXPECT_EQ(examples[0].id, "b");
    EXPECT_EQ(test_examples_sharing_kmers(examples), 0);
}

TEST(LabelledSplit, OverlapIsFoundOnTheOtherStrandToo) {
    auto flipped = base_codes(random_bases(60, 3));
    reverse_complement_bases(flipped);
    std::vector<LabelledExample> examples = {example("a", random_bases(60, 3), 0)};
    examples.push_back({"b", flipped, 0, 0, Split::test});
    EXPECT_EQ(test_examples_sharing_kmers(examples), 1);
}

}  // namespace
}  // namespace dnagpt
