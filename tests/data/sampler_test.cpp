#include "dnagpt/data/sampler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "data/shard_folder.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/genome/vocabulary.hpp"
#include "harness/random_bases.hpp"

namespace dnagpt {
namespace {

using testing::random_bases;
using testing::TemporaryFolder;
using testing::word;
using testing::write_shard;
using Row = std::vector<std::uint16_t>;

Row row_at(SpeciesData const& species, std::int64_t start, std::size_t units) {
    Row row(units);
    read_row(species, start, row);
    return row;
}

TEST(ReadRow, DropsTailsJoinsAndWraps) {
    TemporaryFolder const folder;
    write_shard(folder, "x", Split::train, {"AAAAAACCCCCCGT", "GGGGGGG", "ACG"});
    PretrainData const data(folder.path(), Split::train);
    SpeciesData const& x = data.species()[0];
    EXPECT_EQ(row_at(x, 0, 4), (Row{word("AAAAAA"), word("CCCCCC"), join_unit, word("GGGGGG")}));
    // from any base; the contig without a word leaves no second join; the line wraps around
    EXPECT_EQ(row_at(x, 3, 5),
              (Row{word("AAACCC"), join_unit, word("GGGGGG"), join_unit, word("AAAAAA")}));
    // a start in a tail is a contig's end like any other
    EXPECT_EQ(row_at(x, 12, 2), (Row{join_unit, word("GGGGGG")}));
    EXPECT_EQ(row_at(x, 22, 2), (Row{join_unit, word("AAAAAA")}));
    EXPECT_EQ(row_at(x, 8, 2), (Row{word("CCCCGT"), join_unit}));
}

TEST(ReadRow, RefusesALineWithoutWords) {
    TemporaryFolder const folder;
    write_shard(folder, "x", Split::train, {"ACGTA", "ACG"});
    PretrainData const data(folder.path(), Split::train);
    EXPECT_THROW(row_at(data.species()[0], 0, 2), Error);
}

TEST(Sampler, APassReadsNoBaseTwice) {
    TemporaryFolder const folder;
    write_shard(folder, "x", Split::train,
                {random_bases(4001, 1), random_bases(2500, 2), random_bases(3333, 3)});
    PretrainData const data(folder.path(), Split::train);
    SpeciesData const& x = data.species()[0];
    std::int64_t const context = 25;
    std::int64_t const width = 6 * (context - 5);
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        Sampler const sampler(data, context, seed);
        std::int64_t const n = sampler.windows(0);
        ASSERT_EQ(n, x.bases() / width);
        std::vector<std::int64_t> starts;
        for (std::int64_t k = 0; k < n; ++k) {
            starts.push_back(sampler.species_window(0, k).start);
        }
        std::sort(starts.begin(), starts.end());
        for (std::size_t i = 1; i < starts.size(); ++i) {
            EXPECT_GE(starts[i] - starts[i - 1], width);
        }
        EXPECT_GE(starts.front() + x.bases() - starts.back(), width);
    }
}

/// A row reads at most W bases of its line, joins and tails included.
TEST(Sampler, RowsStayInTheirWindows) {
    TemporaryFolder const folder;
    std::vector<std::string> contigs;
    for (std::uint64_t i = 0; i < 40; ++i) {
        contigs.push_back(random_bases(static_cast<std::int64_t>(6 + 7 * i % 31), i));
    }
    write_shard(folder, "x", Split::train, contigs);
    PretrainData const data(folder.path(), Split::train);
    SpeciesData const& x = data.species()[0];
    std::size_t const units = 9;
    for (std::int64_t start = 0; start < x.bases(); ++start) {
        Row const row = row_at(x, start, units);
        std::int64_t contig = x.contig_at(start);
        std::int64_t begin = start - x.contig_start(contig);
        std::int64_t read = 0;
        for (std::uint16_t const unit : row) {
            bool const join = unit == join_unit;
            std::int64_t const step = join ? x.contig_length(contig) - begin : 6;
            read += step;
            begin = join ? 0 : begin + step;
            contig = join ? (contig + 1) % x.contigs() : contig;
        }
        EXPECT_LE(read, 6 * static_cast<std::int64_t>(units)) << "start " << start;
    }
}

TEST(Sampler, AnEpochTakesEachWindowOnce) {
    TemporaryFolder const folder;
    write_shard(folder, "a", Split::train, {random_bases(3000, 1)});
    write_shard(folder, "b", Split::train, {random_bases(9000, 2)});
    PretrainData const data(folder.path(), Split::train);
    Sampler const sampler(data, 15, 7);
    ASSERT_EQ(sampler.samples_per_epoch(), 50 + 150);
    for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
        std::set<std::pair<std::int32_t, std::int64_t>> seen;
        for (std::int64_t i = 0; i < 200; ++i) {
            SampleWindow const window = sampler.window(200 * epoch + i);
            seen.insert({window.species, window.start});
        }
        EXPECT_EQ(seen.size(), 200U);
    }
    // another pass starts at other bases
    EXPECT_NE(sampler.species_window(0, 0).start % 60, sampler.species_window(0, 50).start % 60);
    // another seed mixes otherwise, the same one does not
    Sampler const again(data, 15, 7);
    Sampler const other(data, 15, 8);
    int equal = 0;
    for (std::int64_t i = 0; i < 200; ++i) {
        EXPECT_EQ(sampler.window(i).start, again.window(i).start);
        equal += sampler.window(i).start == other.window(i).start ? 1 : 0;
    }
    EXPECT_LT(equal, 20);
}

TEST(Sampler, WeightsShareTheEpoch) {
    TemporaryFolder const folder;
    write_shard(folder, "a", Split::train, {random_bases(3000, 1)});
    write_shard(folder, "b", Split::train, {random_bases(9000, 2)});
    PretrainData const data(folder.path(), Split::train);
    auto const weights = read_species_weights({"b=1", "a=3"}, data);
    EXPECT_EQ(weights, (std::vector<double>{3, 1}));
    Sampler const sampler(data, 15, 7, weights);
    EXPECT_EQ(sampler.samples_per_epoch(0), 150);
    EXPECT_EQ(sampler.samples_per_epoch(1), 50);
    std::map<std::int32_t, int> count;
    std::map<std::int64_t, int> starts;
    for (std::int64_t i = 0; i < 600; ++i) {
        SampleWindow const window = sampler.window(i);
        ++count[window.species];
        starts[window.start] += window.species == 1 ? 1 : 0;
    }
    EXPECT_EQ(count[0], 450);
    // three epochs of 50 are one pass over the 150 windows of b
    EXPECT_EQ(std::count_if(starts.begin(), starts.end(), [](auto& s) { return s.second == 1; }),
              150);
    EXPECT_THROW(read_species_weights({"a=1"}, data), Error);
    EXPECT_THROW(read_species_weights({"a=1", "b=-1"}, data), Error);
    EXPECT_THROW(read_species_weights({"a=1", "b=1", "c=1"}, data), Error);
    EXPECT_THROW(Sampler(data, 15, 7, {0, 0}), Error);
}

TEST(Sampler, WindowsFullOfNAreReplaced) {
    TemporaryFolder const folder;
    std::string text = random_bases(3000, 1);
    text.replace(900, 99, 99, 'N');
    write_shard(folder, "a", Split::train, {text});
    write_shard(folder, "n", Split::train, {std::string(3000, 'N')});
    PretrainData const data(folder.path(), Split::train);
    Sampler const sampler(data, 15, 7);
    Row row(10);
    for (std::int64_t k = 0; k < 100; ++k) {
        sampler.read_species_sample(0, k, row);
        int unknown = 0;
        for (std::uint16_t const unit : row) {
            unknown += unit == join_unit ? 0 : 6 - word_counts()[unit].acgt;
        }
        EXPECT_LE(unknown, 3);
    }
    EXPECT_THROW(sampler.read_species_sample(1, 0, row), Error);
}

TEST(Sampler, AShortLineIsOneWindow) {
    TemporaryFolder const folder;
    write_shard(folder, "a", Split::train, {"ACGTACGTAC"});
    PretrainData const data(folder.path(), Split::train);
    Sampler const sampler(data, 15, 7);
    EXPECT_EQ(sampler.windows(0), 1);
    Row row(10);
    EXPECT_EQ(sampler.read_sample(3, row), 0);
    EXPECT_EQ(std::count(row.begin(), row.end(), join_unit), 5);
}

TEST(RowBlock, LeavesSkippedBlocksOut) {
    std::vector<std::int64_t> const none;
    std::vector<std::int64_t> const skip = {5, 2, 3, 2};
    EXPECT_EQ(row_block(7, none), 7);
    std::vector<std::int64_t> blocks;
    for (std::int64_t step = 0; step < 5; ++step) {
        blocks.push_back(row_block(step, skip));
    }
    EXPECT_EQ(blocks, (std::vector<std::int64_t>{0, 1, 4, 6, 7}));
}

}  // namespace
}  // namespace dnagpt
