#include "dnagpt/data/shard_builder.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <unordered_set>

#include "data/shard_folder.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/data/canonical_kmers.hpp"
#include "dnagpt/data/pretrain_data.hpp"
#include "harness/message_of.hpp"
#include "harness/random_bases.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::random_bases;
using testing::TemporaryFolder;

SpeciesEntry entry(std::string const& name, std::string const& file) {
    return {.name = name,
            .token = 'R',
            .assembly = "test",
            .files = {file},
            .contigs = {},
            .exclude_contigs = {}};
}

BuildSettings settings_for(TemporaryFolder const& folder) {
    BuildSettings settings;
    settings.folder = folder.path();
    settings.program_version = "0";
    return settings;
}

BuildReport build(TemporaryFolder const& genomes, BuildSettings const& settings,
                  SpeciesEntry const& species) {
    auto const files = find_species_files({species}, genomes.path());
    return build_shards(files.at(0), settings, [](std::uint64_t) {});
}

std::set<std::string> names_in(std::string const& folder) {
    std::set<std::string> names;
    for (auto const& file : std::filesystem::directory_iterator(folder)) {
        names.insert(file.path().filename().string());
    }
    return names;
}

/// Bases of the three splits by place in their record; '.' where no split has them.
std::map<std::string, std::string> reassemble(std::string const& folder,
                                              std::map<std::string, std::size_t> const& lengths) {
    std::map<std::string, std::string> records;
    for (auto const& [name, length] : lengths) {
        records[name] = std::string(length, '.');
    }
    for (Split const split : {Split::train, Split::validation, Split::test}) {
        PretrainData const data(folder, split);
        for (SpeciesData const& species : data.species()) {
            std::int64_t number = 0;
            for (TokenShard const& shard : species.shards()) {
                for (ShardContig const& contig : shard.contigs()) {
                    std::vector<std::uint8_t> codes(static_cast<std::size_t>(contig.length));
                    species.read_bases(number++, 0, codes);
                    std::string& record = records.at(contig.name);
                    auto const start = static_cast<std::size_t>(contig.source_start);
                    EXPECT_EQ(record.substr(start, codes.size()), std::string(codes.size(), '.'));
                    record.replace(start, codes.size(), bases_text(codes));
                }
            }
        }
    }
    return records;
}

TEST(ShardBuilder, EveryBaseGoesToOneSplit) {
    TemporaryFolder const genomes;
    TemporaryFolder const shards;
    std::string first = random_bases(150'003, 1);
    std::string second = random_bases(70'001, 2);
    first.replace(40'000, 500, 500, 'N');
    first[10] = 'N';
    second.replace(69'902, 99, 99, 'N');
    // lower case, other codes, CRLF, blank lines, an empty record, no newline at the end
    std::string typed = first;
    typed[10] = 'r';
    typed[20] = static_cast<char>(std::tolower(typed[20]));
    genomes.write("x.fa", ">one a\r\n" + typed.substr(0, 80'000) + "\r\n\r\n" +
                              typed.substr(80'000) + "\n>none\n>two\n" + second);
    BuildSettings settings = settings_for(shards);
    settings.words_per_shard = 5000;
    BuildReport const report = build(genomes, settings, entry("x", "x.fa"));
    EXPECT_GT(report.shards, 6);
    EXPECT_EQ(report.bases[0] + report.bases[1] + report.bases[2], 150'003 + 70'001 - 500);
    EXPECT_NE(report.left_out.find("500 bp in runs of N"), std::string::npos);
    EXPECT_NE(report.left_out.find("1 records without sequence"), std::string::npos);
    auto const records = reassemble(shards.path(), {{"one", first.size()}, {"two", second.size()}});
    first.replace(40'000, 500, 500, '.');
    EXPECT_EQ(records.at("one"), first);
    EXPECT_EQ(records.at("two"), second);
}

TEST(ShardBuilder, KeepsFinishedShardsAndMakesBrokenOnesAgain) {
    TemporaryFolder const genomes;
    TemporaryFolder const shards;
    genomes.write("x.fa", fmt::format(">one\n{}\n", random_bases(200'000, 1)));
    BuildSettings const settings = settings_for(shards);
    EXPECT_FALSE(build(genomes, settings, entry("x", "x.fa")).kept);
    std::string const test = shards.file("x.test.000.h5");
    std::string const train = shards.file("x.train.000.h5");
    std::string const bytes = read_text(test);
    auto const train_time = std::filesystem::last_write_time(train);
    EXPECT_TRUE(build(genomes, settings, entry("x", "x.fa")).kept);
    // as after a kill: one shard is a half-written temporary file
    std::filesystem::rename(test, test + ".tmp");
    std::filesystem::resize_file(test + ".tmp", 700);
    EXPECT_FALSE(build(genomes, settings, entry("x", "x.fa")).kept);
    EXPECT_EQ(read_text(test), bytes);
    EXPECT_FALSE(std::filesystem::exists(test + ".tmp"));
    EXPECT_EQ(std::filesystem::last_write_time(train), train_time);
    // one byte of the words is another: made again, with a warning
    std::array<std::uint16_t, 50> words{};
    TokenShard(test).read_words(100, words);
    std::size_t const place =
        bytes.find(std::string_view(reinterpret_cast<char const*>(words.data()), sizeof(words)));
    ASSERT_NE(place, bytes.npos);
    std::string damaged = bytes;
    damaged[place + 20] ^= 1;
    shards.write("x.test.000.h5", damaged);
    EXPECT_FALSE(build(genomes, settings, entry("x", "x.fa")).kept);
    EXPECT_EQ(read_text(test), bytes);
}

TEST(ShardBuilder, RefusesToMixSettings) {
    TemporaryFolder const genomes;
    TemporaryFolder const shards;
    genomes.write("x.fa", fmt::format(">one\n{}\n", random_bases(200'000, 1)));
    BuildSettings settings = settings_for(shards);
    build(genomes, settings, entry("x", "x.fa"));
    settings.splits.test_fraction = 0.2;
    EXPECT_NE(message_of([&] { build(genomes, settings, entry("x", "x.fa")); }).find("--replace"),
              std::string::npos);
    settings.replace = true;
    EXPECT_GE(build(genomes, settings, entry("x", "x.fa")).bases[2], 40'000);
}

TEST(ShardBuilder, SplitsOfDifferentRunsAreTold) {
    TemporaryFolder const genomes;
    TemporaryFolder const one;
    TemporaryFolder const other;
    genomes.write("x.fa", fmt::format(">one\n{}\n", random_bases(200'000, 1)));
    build(genomes, settings_for(one), entry("x", "x.fa"));
    BuildSettings settings = settings_for(other);
    settings.splits.validation_fraction = 0.2;
    build(genomes, settings, entry("x", "x.fa"));
    PretrainData const training(one.path(), Split::train);
    EXPECT_NO_THROW(require_same_source(training, PretrainData(one.path(), Split::validation)));
    PretrainData const validation(other.path(), Split::validation);
    EXPECT_NE(message_of([&] {
                  require_same_source(training, validation);
              }).find("the splits may overlap"),
              std::string::npos);
}

TEST(ShardBuilder, NoShardOfOtherSettingsStays) {
    TemporaryFolder const genomes;
    TemporaryFolder const shards;
    genomes.write("x.fa", fmt::format(">one\n{}\n", random_bases(200'000, 1)));
    BuildSettings settings = settings_for(shards);
    settings.words_per_shard = 5000;
    SpeciesEntry const species = entry("x", "x.fa");
    build(genomes, settings, species);
    ASSERT_TRUE(std::filesystem::exists(shards.file("x.validation.000.h5")));
    ASSERT_TRUE(std::filesystem::exists(shards.file("x.train.001.h5")));
    settings.replace = true;
    settings.words_per_shard = shard_words;
    settings.splits.validation_fraction = 0;
    settings.splits.test_fraction = 0;
    BuildReport const report = build(genomes, settings, species);
    EXPECT_EQ(report.bases[0], 200'000);
    EXPECT_EQ(names_in(shards.path()), std::set<std::string>{"x.train.000.h5"});
    // one that comes back is refused, though all others could be kept
    settings.replace = false;
    EXPECT_TRUE(build(genomes, settings, species).kept);
    shards.write("x.validation.000.h5", "old");
    EXPECT_NE(message_of([&] { build(genomes, settings, species); }).find("--replace to remove"),
              std::string::npos);
    EXPECT_TRUE(std::filesystem::exists(shards.file("x.validation.000.h5")));
}

TEST(ShardBuilder, SplitsByNameAreCheckedAtFractionNought) {
    TemporaryFolder const genomes;
    TemporaryFolder const shards;
    genomes.write("x.fa", fmt::format(">one\n{}\n>two\n{}\n", random_bases(100'000, 1),
                                      random_bases(50'000, 2)));
    BuildSettings settings = settings_for(shards);
    settings.splits.validation_fraction = 0;
    settings.splits.test_fraction = 0;
    settings.splits.validation_contigs = {"two"};
    SpeciesEntry const species = entry("x", "x.fa");
    EXPECT_EQ(build(genomes, settings, species).bases[1], 50'000);
    BuildReport const kept = build(genomes, settings, species);
    EXPECT_TRUE(kept.kept);
    EXPECT_EQ(kept.bases[1], 50'000);
    std::filesystem::remove(shards.file("x.validation.000.h5"));
    EXPECT_FALSE(build(genomes, settings, species).kept);
    EXPECT_TRUE(std::filesystem::exists(shards.file("x.validation.000.h5")));
}

TEST(ShardBuilder, LeavesSecondaryRecordsOut) {
    SpeciesEntry species = entry("x", "x.fa");
    EXPECT_TRUE(keeps_record(species, "NC_1", "Homo sapiens chromosome 1, Primary Assembly"));
    EXPECT_FALSE(keeps_record(species, "NT_1",
                              "Homo sapiens chromosome 1 genomic contig, GRCh38 reference assembly "
                              "alternate locus group ALT_REF_LOCI_1"));
    EXPECT_FALSE(keeps_record(species, "NW_1",
                              "Homo sapiens chromosome 1 genomic patch of type FIX, GRCh38.p14 "
                              "PATCHES"));
    species.contigs = {"NC_*"};
    species.exclude_contigs = {"*mitochondrion*"};
    EXPECT_TRUE(keeps_record(species, "NC_1", "alternate locus"));
    EXPECT_FALSE(keeps_record(species, "NW_1", "x"));
    EXPECT_FALSE(keeps_record(species, "NC_2", "Homo sapiens Mitochondrion, complete"));
}

TEST(ShardBuilder, SaysWhatIsWrong) {
    TemporaryFolder const genomes;
    TemporaryFolder const shards;
    BuildSettings const settings = settings_for(shards);
    EXPECT_NE(message_of([&] {
                  build(genomes, settings, entry("x", "x*.fa"));
              }).find("species x: no file matches 'x*.fa'"),
              std::string::npos);
    EXPECT_NE(message_of([&] { find_species_files({}, genomes.file("none")); }).find("--genomes"),
              std::string::npos);
    std::filesystem::create_directory(genomes.file("folder.fa"));
    EXPECT_NE(message_of([&] {
                  find_species_files({entry("x", "folder.fa")}, genomes.path());
              }).find("folder.fa is no regular file"),
              std::string::npos);
    genomes.write("x.fa", ">one\nACGT!\n");
    EXPECT_NE(message_of([&] { build(genomes, settings, entry("x", "x.fa")); }).find("one"),
              std::string::npos);
    genomes.write("y.fa", ">one\n>two\n");
    EXPECT_NE(
        message_of([&] { build(genomes, settings, entry("y", "y.fa")); }).find("no record is left"),
        std::string::npos);
}

/// The nine species of the project's real data.
std::vector<SpeciesEntry> real_species() {
    std::vector<SpeciesEntry> species;
    for (char const* name : {"homo_sapiens", "mus_musculus", "bos_taurus", "danio_rerio",
                             "drosophila_melanogaster", "escherichia_coli", "arabidopsis_thaliana",
                             "caenorhabditis_elegans", "saccharomyces_cerevisiae"}) {
        species.push_back(entry(name, std::string(name) + "*.fa.gz"));
    }
    return species;
}

TEST(RealGenomes, NineSpeciesHaveAllSplits) {
    char const* const folder = std::getenv("DNAGPT_DATA_DIR");
    if (folder == nullptr) {
        GTEST_SKIP() << "DNAGPT_DATA_DIR is not set";
    }
    TemporaryFolder const shards;
    auto const species = find_species_files(real_species(), std::string(folder) + "/genomes");
    for (SpeciesFiles const& files : species) {
        build_shards(files, settings_for(shards), [](std::uint64_t) {});
    }
    PretrainData const train(shards.path(), Split::train);
    PretrainData const validation(shards.path(), Split::validation);
    PretrainData const test(shards.path(), Split::test);
    EXPECT_EQ(train.species().size(), 9U);
    EXPECT_EQ(validation.species().size(), 9U);
    EXPECT_EQ(test.species().size(), 9U);
    EXPECT_GT(train.bases() + validation.bases() + test.bases(), 49'000'000);
    // windows that share sequence stand on one side
    for (char const* name : {"mus_musculus", "bos_taurus"}) {
        std::unordered_set<std::uint64_t> held_out;
        std::int64_t shared = 0;
        for (PretrainData const* data : {&validation, &train}) {
            SpeciesData const& line = data->species()[data->species_index(name)];
            for (std::int64_t contig = 0; contig < line.contigs(); ++contig) {
                std::vector<std::uint8_t> codes(
                    static_cast<std::size_t>(line.contig_length(contig)));
                line.read_bases(contig, 0, codes);
                for_each_canonical_kmer(codes, [&](std::size_t, std::uint64_t key) {
                    if (data == &validation) {
                        held_out.insert(key);
                    } else {
                        shared += held_out.contains(key) ? 1 : 0;
                    }
                });
            }
        }
        EXPECT_EQ(shared, 0) << name;
    }
}

}  // namespace
}  // namespace dnagpt
