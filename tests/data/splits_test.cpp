#include "dnagpt/data/splits.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <set>

#include "dnagpt/core/check.hpp"
#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::TemporaryFolder;

std::vector<std::int32_t> no_groups(std::size_t count) {
    std::vector<std::int32_t> groups(count);
    std::iota(groups.begin(), groups.end(), 0);
    return groups;
}

SplitPlan plan(std::vector<SourceRecord> const& records, SplitSettings const& settings = {}) {
    return plan_splits("x", records, no_groups(records.size()), settings);
}

std::map<Split, std::int64_t> bases_of(SplitPlan const& plan) {
    std::map<Split, std::int64_t> bases;
    for (PlannedContig const& contig : plan.contigs) {
        bases[contig.split] += contig.length;
    }
    return bases;
}

TEST(Splits, BlockLength) {
    EXPECT_EQ(split_block_length(3'000'000'000), 1'000'000);
    EXPECT_EQ(split_block_length(100'000'000), 500'000);
    EXPECT_EQ(split_block_length(100'000), 16'000);
}

TEST(Splits, FillTheirFractionsWithWholeBlocks) {
    std::vector<SourceRecord> const records = {{"chr1", 10'000'000, {}}, {"chr2", 3'333'333, {}}};
    SplitPlan const result = plan(records);
    EXPECT_EQ(result.block_length, 66'666);
    auto bases = bases_of(result);
    EXPECT_EQ(bases[Split::train] + bases[Split::validation] + bases[Split::test], 13'333'333);
    for (Split const split : {Split::validation, Split::test}) {
        EXPECT_GE(bases[split], 13'333'333 / 20);
        EXPECT_LT(bases[split], 13'333'333 / 20 + result.block_length);
    }
    for (PlannedContig const& contig : result.contigs) {
        EXPECT_EQ(contig.begin / result.block_length,
                  (contig.begin + contig.length - 1) / result.block_length);
    }
    // another species of the same records is split otherwise
    SplitPlan const other = plan_splits("y", records, no_groups(2), {});
    int equal = 0;
    for (std::size_t i = 0; i < result.contigs.size(); ++i) {
        bool const held_out = result.contigs[i].split != Split::train;
        equal += held_out && result.contigs[i].split == other.contigs[i].split ? 1 : 0;
    }
    EXPECT_LT(equal, 10);
}

TEST(Splits, GapsAndExcludedRegionsAreCutOut) {
    std::vector<SourceRecord> const records = {
        {"chr1", 1'000'000, {{0, 10'000}, {500'000, 500'200}, {999'999, 1'000'000}}},
        {"chr2:1001-2000000", 1'999'000, {}}};
    SplitSettings settings;
    settings.exclude = {{"chr1", {505'000, 506'000}},
                        {"chr1", {505'500, 507'000}},
                        {"chr2", {1000, 3000}},
                        {"chrX", {1, 2}}};
    SplitPlan const result = plan(records, settings);
    EXPECT_EQ(result.gap_bases, 10'201);
    EXPECT_EQ(result.excluded_bases, 2'000 + 2'000);
    EXPECT_EQ(result.matched_regions, (std::set<std::string>{"chr1", "chr2"}));
    std::int64_t total = 0;
    for (PlannedContig const& contig : result.contigs) {
        total += contig.length;
        std::int64_t const end = contig.begin + contig.length;
        if (contig.record == 0) {
            EXPECT_GE(contig.begin, 10'000);
            EXPECT_TRUE(end <= 500'000 || contig.begin >= 500'200);
            EXPECT_TRUE(end <= 505'000 || contig.begin >= 507'000);
        } else {
            EXPECT_GE(contig.begin, 2'000);  // chr2 position 3000 is base 2000 of the record
        }
    }
    EXPECT_EQ(total, 2'999'000 - 10'201 - 4'000);
}

/// A record of the other strand runs from the region's end to its begin.
TEST(Splits, ExcludedRegionsFollowTheStrandOfARecord) {
    std::vector<SourceRecord> const records = {{"chr2:1000-101000(+)", 100'000, {}},
                                               {"chr2:1000-101000(-)", 100'000, {}}};
    SplitSettings settings;
    settings.exclude = {{"chr2", {2000, 5000}}};
    SplitPlan const result = plan(records, settings);
    EXPECT_EQ(result.excluded_bases, 6'000);
    for (PlannedContig const& contig : result.contigs) {
        BaseRange const left_out =
            contig.record == 0 ? BaseRange{1000, 4000} : BaseRange{96'000, 99'000};
        EXPECT_TRUE(contig.begin + contig.length <= left_out.begin || contig.begin >= left_out.end);
    }
}

TEST(Splits, RecordsOfOneGroupCannotBeNamedForTwoSplits) {
    std::vector<SourceRecord> records = {{"chr1", 900'000, {}}, {"a", 600, {}}, {"b", 600, {}}};
    SplitSettings settings;
    settings.validation_contigs = {"a"};
    settings.test_contigs = {"b"};
    EXPECT_NE(message_of([&] {
                  plan_splits("x", records, std::vector<std::int32_t>{0, 1, 1}, settings);
              }).find("shares sequence"),
              std::string::npos);
}

TEST(Splits, ByName) {
    std::vector<SourceRecord> const records = {
        {"chr1", 900'000, {}}, {"chr8", 80'000, {}}, {"chr9", 90'000, {}}, {"chrM", 20'000, {}}};
    SplitSettings settings;
    settings.validation_contigs = {"chr8", "y/chr1"};
    settings.test_contigs = {"x/chr[9M]"};
    SplitPlan const result = plan(records, settings);
    auto bases = bases_of(result);
    EXPECT_EQ(bases[Split::train], 900'000);
    EXPECT_EQ(bases[Split::validation], 80'000);
    EXPECT_EQ(bases[Split::test], 110'000);
    settings.test_contigs = {"chr8"};
    EXPECT_THROW(plan(records, settings), Error);
}

TEST(Splits, SmallSpeciesHaveEachAtLeastOneBlock) {
    auto bases = bases_of(plan({{"a", 64'000, {}}}));
    EXPECT_EQ(bases[Split::train], 64'000 - 2 * 16'000);
    EXPECT_THROW(plan({{"a", 30'000, {}}}), Error);
}

TEST(Splits, LargeGroupsStayInTraining) {
    std::vector<SourceRecord> records;
    std::vector<std::int32_t> groups;
    for (int i = 0; i < 4000; ++i) {
        records.push_back({fmt::format("w{}", i), 600, {}});
        groups.push_back(i < 2000 ? 0 : i);
    }
    SplitPlan const result = plan_splits("x", records, groups, {});
    auto bases = bases_of(result);
    EXPECT_EQ(bases[Split::validation], 120'000);
    EXPECT_EQ(bases[Split::test], 120'000);
    for (PlannedContig const& contig : result.contigs) {
        EXPECT_TRUE(contig.record >= 2000 || contig.split == Split::train);
    }
    EXPECT_EQ(result.blocks, 2001);
}

TEST(Bed, LinesAndErrors) {
    TemporaryFolder const folder;
    folder.write("a.bed", "# comment\ntrack x\nchr1\t5\t9\textra\r\n\nchr2 0 3\n");
    auto const regions = read_bed(folder.file("a.bed"));
    ASSERT_EQ(regions.size(), 2U);
    EXPECT_EQ(regions[0].name, "chr1");
    EXPECT_EQ(regions[0].range, (BaseRange{5, 9}));
    EXPECT_EQ(regions[1].range, (BaseRange{0, 3}));
    for (char const* line : {"chr1\t9\t5", "chr1\t1abc\t9", "chr1\t1\t9abc", "chr1\t1", "chr1",
                             "chr1\t1\t", "chr1\t\t9", "chr1\t1.5\t9"}) {
        folder.write("b.bed", fmt::format("chr1\t5\t9\n{}\n", line));
        EXPECT_NE(message_of([&] { read_bed(folder.file("b.bed")); }).find("b.bed:2"),
                  std::string::npos)
            << line;
    }
}

}  // namespace
}  // namespace dnagpt
