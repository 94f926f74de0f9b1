#include "dnagpt/data/labelled_split.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "data/labelled_examples.hpp"
#include "dnagpt/data/labelled_groups.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "harness/random_bases.hpp"

namespace dnagpt {
namespace {

using testing::example;
using testing::many_examples;
using testing::random_bases;

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

TEST(LabelledSplit, OtherNumbersMakeNoCopy) {
    std::vector<LabelledExample> examples = {example("a", "ACGT", 0), example("b", "ACGT", 1),
                                             example("c", "ACGT", 1)};
    examples[0].numbers = {1};
    examples[1].numbers = {2};
    examples[2].numbers = {2};
    DroppedDuplicates const dropped = drop_duplicates(examples);
    EXPECT_EQ(dropped.same_label, 1);
    EXPECT_EQ(dropped.two_labels, 0);
    EXPECT_EQ(examples.back().id, "b");
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
    std::vector<LabelledExample> examples = many_examples(2000);
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
    std::vector<LabelledExample> const examples = many_examples(300);
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

TEST(LabelledSplit, TrainingSequencesWithTwoLabelsGo) {
    std::vector<LabelledExample> examples = {example("a", "ACGT", 0),
                                             example("b", "ACGT", 1),
                                             example("c", "GGGG", 0),
                                             example("d", "GGGG", 0),
                                             example("e", "TTTT", 0),
                                             example("f", "TTTT", 1, Split::test),
                                             example("g", "CCCC", 0, Split::test),
                                             example("h", "CCCC", 1, Split::test)};
    EXPECT_EQ(drop_training_contradictions(examples), 2);
    ASSERT_EQ(examples.size(), 6U);
    EXPECT_EQ(examples[0].id, "c");
    EXPECT_EQ(examples[2].id, "e");
}

TEST(LabelledSplit, OverlapIsFoundOnTheOtherStrandToo) {
    auto flipped = base_codes(random_bases(60, 3));
    reverse_complement_bases(flipped);
    std::vector<LabelledExample> examples = {example("a", random_bases(60, 3), 0)};
    examples.push_back({"b", flipped, 0, 0, Split::test});
    EXPECT_EQ(test_examples_sharing_kmers(examples), 1);
}

TEST(LabelledSplit, EqualSequencesAreToldApartByTheirIds) {
    std::vector<LabelledExample> examples;
    for (int i = 0; i < 100; ++i) {
        examples.push_back(example("gene" + std::to_string(i), "", 0));
        examples.back().group = i;
    }
    auto const splits = [](std::vector<LabelledExample> of, std::uint64_t seed) {
        assign_splits(of, {8, 1, 1}, seed);
        std::map<std::string, Split> by_id;
        for (LabelledExample const& each : of) {
            by_id[each.id] = each.split;
        }
        return by_id;
    };
    std::vector<LabelledExample> turned(examples.rbegin(), examples.rend());
    EXPECT_EQ(splits(turned, 1), splits(examples, 1));
    EXPECT_NE(splits(examples, 2), splits(examples, 1));
}

TEST(LabelledSplit, ASplitWithoutAShareStaysEmpty) {
    std::vector<LabelledExample> examples = many_examples(100);
    assign_groups(examples, GroupBy::none);
    assign_splits(examples, {8, 0, 2}, 1);
    std::map<Split, int> counts;
    for (LabelledExample const& each : examples) {
        ++counts[each.split];
    }
    EXPECT_EQ(counts, (std::map<Split, int>{{Split::train, 80}, {Split::test, 20}}));
}

TEST(LabelledSplit, EverySplitGetsItsShareOfSmallAndLargeTargets) {
    std::vector<LabelledExample> examples;
    for (int i = 0; i < 500; ++i) {
        examples.push_back(example("g" + std::to_string(i), "", 0));
        examples.back().group = i;
        examples.back().target = i % 500 < 100 ? -1 : i;  // many genes are not expressed at all
    }
    assign_splits_by_target(examples, {6, 2, 2}, 1);
    std::map<std::pair<bool, Split>, int> counts;
    for (LabelledExample const& each : examples) {
        EXPECT_EQ(each.label, 0);
        ++counts[{each.target < 0, each.split}];
        ++counts[{each.target >= 400, each.split}];
    }
    EXPECT_EQ((counts[{true, Split::train}]), 120);
    EXPECT_EQ((counts[{true, Split::validation}]), 40);
    EXPECT_EQ((counts[{true, Split::test}]), 40);
}

}  // namespace
}  // namespace dnagpt
