// The program dnagpt-prep.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

#include "data/prep_program.hpp"
#include "dnagpt/data/pretrain_data.hpp"
#include "dnagpt/io/durable_file.hpp"

namespace dnagpt {
namespace {

using testing::Outcome;
using testing::run_prep;
using testing::TemporaryFolder;

class PrepProgram : public ::testing::Test {
  protected:
    static void SetUpTestSuite() {
        folder_ = new TemporaryFolder;
        synthesized_ = run_prep("synthesize --size-factor 0.1 --output " + genomes());
    }
    static void TearDownTestSuite() { delete folder_; }
    static std::string genomes() { return folder_->file("genomes"); }
    static std::string shard_into(std::string const& name) {
        return "shard --species " + genomes() + "/species.toml --output " + folder_->file(name);
    }

    static TemporaryFolder* folder_;
    static Outcome synthesized_;
};
TemporaryFolder* PrepProgram::folder_ = nullptr;
Outcome PrepProgram::synthesized_;

std::string all_bytes(std::string const& folder) {
    std::vector<std::string> paths;
    for (auto const& entry : std::filesystem::directory_iterator(folder)) {
        paths.push_back(entry.path().string());
    }
    std::sort(paths.begin(), paths.end());
    std::string bytes;
    for (std::string const& path : paths) {
        bytes += std::filesystem::path(path).filename().string() + read_text(path);
    }
    return bytes;
}

TEST_F(PrepProgram, AnyNumberOfRanksGivesTheSameBytes) {
    ASSERT_EQ(synthesized_.code, 0) << synthesized_.output;
    for (int const ranks : {1, 2, 4}) {
        Outcome const outcome = run_prep(shard_into("np" + std::to_string(ranks)), ranks);
        ASSERT_EQ(outcome.code, 0) << outcome.output;
        EXPECT_NE(outcome.output.find("such as alt1"), std::string::npos) << outcome.output;
    }
    std::string const bytes = all_bytes(folder_->file("np1"));
    EXPECT_GT(bytes.size(), 400'000U);
    EXPECT_EQ(all_bytes(folder_->file("np2")), bytes);
    EXPECT_EQ(all_bytes(folder_->file("np4")), bytes);
    Outcome const again = run_prep(shard_into("np1"), 2);
    EXPECT_EQ(again.code, 0);
    EXPECT_NE(again.output.find("kept"), std::string::npos);
    EXPECT_EQ(PretrainData(folder_->file("np1"), Split::validation).species().size(), 9U);
}

TEST_F(PrepProgram, PiecesOfAnArrayGiveTheBytesOfOneRun) {
    ASSERT_EQ(run_prep(shard_into("one")).code, 0);
    for (auto const& [piece, species] : {std::pair("2/2", 4), std::pair("1/2", 9)}) {
        Outcome const outcome = run_prep(shard_into("pieces") + " --piece " + piece, 2);
        ASSERT_EQ(outcome.code, 0) << outcome.output;
        std::filesystem::directory_iterator const made(folder_->file("pieces"));
        EXPECT_EQ(std::distance(begin(made), end(made)), 3 * species) << piece;
    }
    EXPECT_EQ(all_bytes(folder_->file("pieces")), all_bytes(folder_->file("one")));
    Outcome const empty = run_prep(shard_into("pieces") + " --piece 10/10");
    EXPECT_EQ(empty.code, 0);
    EXPECT_NE(empty.output.find("has 9 species, so piece 10/10 has nothing to do"),
              std::string::npos)
        << empty.output;
    EXPECT_EQ(run_prep(shard_into("pieces") + " --piece 3/2").code, 2);
}

TEST_F(PrepProgram, AFailedPieceLeavesTheOthersAndRunsAgain) {
    std::string const fasta = genomes() + "/mus_musculus.synthetic.fa.gz";
    std::string const whole = read_text(fasta);
    std::filesystem::resize_file(fasta, whole.size() / 2);
    Outcome const failed = run_prep(shard_into("again_in_pieces") + " --piece 2/2");
    EXPECT_EQ(failed.code, 1);
    EXPECT_NE(failed.output.find("mus_musculus.synthetic.fa.gz"), std::string::npos)
        << failed.output;
    EXPECT_EQ(run_prep(shard_into("again_in_pieces") + " --piece 1/2").code, 0);
    std::ofstream(fasta, std::ios::binary) << whole;
    Outcome const again = run_prep(shard_into("again_in_pieces") + " --piece 2/2");
    EXPECT_EQ(again.code, 0) << again.output;
    ASSERT_EQ(run_prep(shard_into("without_failure")).code, 0);
    EXPECT_EQ(all_bytes(folder_->file("again_in_pieces")),
              all_bytes(folder_->file("without_failure")));
}

TEST_F(PrepProgram, APieceTellsWhichNamesItDidNotMeet) {
    std::string const named = " --validation-contigs homo_sapiens/chr2,chr77";
    Outcome const first = run_prep(shard_into("named_1") + named + " --piece 1/2");
    EXPECT_NE(first.output.find("1 match no record of piece 1/2, such as 'chr77'"),
              std::string::npos)
        << first.output;
    Outcome const second = run_prep(shard_into("named_2") + named + " --piece 2/2");
    EXPECT_NE(second.output.find("2 match no record of piece 2/2"), std::string::npos)
        << second.output;
    EXPECT_EQ(second.output.find("no record of any species"), std::string::npos);
}

TEST_F(PrepProgram, NamesThatMatchNothingAreTold) {
    Outcome const outcome =
        run_prep(shard_into("named") + " --validation-contigs homo_sapiens/chr2,chr77", 2);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.output.find("called 'chr77'"), std::string::npos) << outcome.output;
    EXPECT_EQ(outcome.output.find("called 'homo_sapiens/chr2'"), std::string::npos);
    PretrainData const data(folder_->file("named"), Split::validation);
    SpeciesData const& human =
        data.species()[static_cast<std::size_t>(data.species_index("homo_sapiens"))];
    for (ShardContig const& contig : human.shards()[0].contigs()) {
        EXPECT_EQ(contig.name, "chr2");
    }
}

/// A rank stays below 512 MiB: records of 2.4 and 60 Mbp take the same memory.
TEST_F(PrepProgram, MemoryDoesNotDependOnTheLengthOfARecord) {
#if defined(__SANITIZE_ADDRESS__)
    GTEST_SKIP() << "the address sanitizer keeps memory of its own";
#endif
    std::int64_t peak = 0;
    for (std::int64_t const lines : {40'000, 1'000'000}) {
        ASSERT_EQ(testing::shard_one_record(lines).code, 0);
        std::int64_t const before = std::exchange(peak, testing::children_peak());
        EXPECT_LT(peak, 512);
        EXPECT_TRUE(before == 0 || peak < before + 16) << before << " MiB, then " << peak;
    }
}

TEST_F(PrepProgram, RegionsThatMatchNothingAreTold) {
    folder_->write("regions.bed", "chr2\t0\t100\nchr88\t0\t100\n");
    Outcome const outcome =
        run_prep(shard_into("regions") + " --exclude " + folder_->file("regions.bed"), 2);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.output.find("1 of the names in the --exclude file, such as 'chr88'"),
              std::string::npos)
        << outcome.output;
}

TEST_F(PrepProgram, ASpeciesThatIsNoLongerInTheTableIsTold) {
    run_prep(shard_into("others"));
    std::filesystem::copy_file(folder_->file("others/homo_sapiens.test.000.h5"),
                               folder_->file("others/pan_troglodytes.test.000.h5"));
    Outcome const outcome = run_prep(shard_into("others"));
    EXPECT_EQ(outcome.code, 0);
    EXPECT_NE(outcome.output.find("holds shards of pan_troglodytes, which is not in the species"),
              std::string::npos)
        << outcome.output;
}

TEST_F(PrepProgram, InspectSaysWhatAShardHolds) {
    run_prep(shard_into("inspected"));
    std::string const path = folder_->file("inspected") + "/homo_sapiens.train.000.h5";
    Outcome const outcome = run_prep("inspect " + path);
    EXPECT_EQ(outcome.code, 0);
    for (char const* text : {"homo_sapiens <R>", "train, shard 1 of 1", "checksums        ok"}) {
        EXPECT_NE(outcome.output.find(text), std::string::npos) << outcome.output;
    }
    std::filesystem::resize_file(path, 3000);
    EXPECT_EQ(run_prep("inspect " + folder_->file("inspected")).code, 1);
}

TEST_F(PrepProgram, InspectListsAVocabulary) {
    Outcome const outcome = run_prep("inspect --vocabulary dynamic");
    EXPECT_EQ(outcome.code, 0);
    for (char const* text : {"\n18\t<M>\tinstruction\n", "\n34\tN\tdiscrete, true/false\n",
                             "\n111\tATG\tdiscrete\n", "\n19563\tTTTTTT\tdiscrete\n"}) {
        EXPECT_NE(outcome.output.find(text), std::string::npos) << text;
    }
    EXPECT_EQ(run_prep("inspect").code, 2);
    EXPECT_EQ(run_prep("inspect --vocabulary other").code, 2);
}

TEST_F(PrepProgram, SynthesizeRepeatsItself) {
    run_prep("synthesize --size-factor 0.1 --output " + folder_->file("again"));
    EXPECT_EQ(all_bytes(folder_->file("again")), all_bytes(genomes()));
}

TEST_F(PrepProgram, ExitCodesAndMessages) {
    EXPECT_EQ(run_prep("--version").code, 0);
    EXPECT_EQ(run_prep("shard --help").code, 0);
    EXPECT_EQ(run_prep("").code, 2);
    EXPECT_EQ(run_prep("shard").code, 2);
    EXPECT_EQ(run_prep("inspect " + folder_->file("nothing.h5")).code, 1);
    Outcome const missing = run_prep("shard --species " + genomes() + "/species.toml --genomes " +
                                     folder_->path() + " --output " + folder_->file("out"));
    EXPECT_EQ(missing.code, 1);
    EXPECT_NE(missing.output.find("species homo_sapiens: no file matches"), std::string::npos)
        << missing.output;
}

/// A file system of 256 KiB, where the tests may make one.
TEST_F(PrepProgram, AFullDiskIsOneClearLine) {
    std::string const mount = folder_->file("small");
    std::filesystem::create_directories(mount);
    if (std::system(("mount -t tmpfs -o size=256k none " + mount + " 2> /dev/null").c_str()) != 0) {
        GTEST_SKIP() << "no tmpfs can be mounted here (needs root)";
    }
    Outcome const outcome = run_prep(shard_into("small"));
    EXPECT_EQ(std::system(("umount " + mount).c_str()), 0);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_NE(outcome.output.find("No space left on device"), std::string::npos);
    EXPECT_EQ(std::count(outcome.output.begin(), outcome.output.end(), '\n'), 1) << outcome.output;
}

}  // namespace
}  // namespace dnagpt
