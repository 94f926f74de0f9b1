#include "dnagpt/genome/indexed_fasta.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <chrono>
#include <filesystem>

#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::TemporaryFolder;

TEST(IndexedFasta, ReadsPartsAcrossLines) {
    TemporaryFolder const folder;
    IndexedFasta const fasta(folder.write("r.fa", ">one first\nACGTA\nCGTnn\nAC\n>two\nrgu\n"));
    EXPECT_EQ(fasta.contigs(), (std::vector<std::string>{"one", "two"}));
    EXPECT_TRUE(fasta.has("two"));
    EXPECT_FALSE(fasta.has("three"));
    EXPECT_EQ(fasta.length("one"), 12);
    EXPECT_EQ(bases_text(fasta.codes({"one", 3, 12})), "TACGTNNAC");
    EXPECT_EQ(bases_text(fasta.codes({"two", 0, 3})), "NGT");
    EXPECT_TRUE(fasta.codes({"one", 4, 4}).empty());
    EXPECT_TRUE(std::filesystem::exists(folder.file("r.fa.fai")));
}

TEST(IndexedFasta, OtherFilesAreRefused) {
    TemporaryFolder const folder;
    auto const error = [](std::string const& path) {
        return message_of([&] { IndexedFasta const fasta(path); });
    };
    EXPECT_NE(error(folder.file("none.fa")).find("none.fa cannot be opened"), std::string::npos);
    EXPECT_NE(error(folder.write("t.txt", "no fasta\n")).find("it is no FASTA"), std::string::npos);
    std::string const packed = folder.file("r.fa.gz");
    gzFile const file = gzopen(packed.c_str(), "wb");
    gzputs(file, ">a\nACGT\n");
    gzclose(file);
    EXPECT_NE(error(packed).find("compressed by bgzip; not by gzip"), std::string::npos);
}

TEST(IndexedFasta, AnIndexOlderThanItsFileIsRefused) {
    TemporaryFolder const folder;
    std::string const path = folder.write("r.fa", ">a\nACGT\n");
    IndexedFasta const made(path);
    using namespace std::chrono_literals;
    std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + 10s);
    EXPECT_NE(message_of([&] { IndexedFasta const again(path); }).find("r.fa.fai is older than"),
              std::string::npos);
}

TEST(IndexedFasta, AnIndexThatDoesNotFitIsRefused) {
    TemporaryFolder const folder;
    std::string const path = folder.write("r.fa", ">a\nACGT\nAC\n");
    for (std::string const row :
         {"a\t6\t3\t0\t5", "a\t600\t3\t4\t5", "a\t-6\t3\t4\t5", "a\t6\t999\t4\t5", "a\t6\t3\t4\t3",
          "a\t6\t3\t4\t99999999999", "a\t6\t3"}) {
        folder.write("r.fa.fai", row + "\n");
        EXPECT_NE(message_of([&] { IndexedFasta const fasta(path); }), "no error") << row;
    }
    folder.write("r.fa.fai", "a\t6\t3\t4\t5\n");
    EXPECT_EQ(bases_text(IndexedFasta(path).codes({"a", 3, 6})), "TAC");
}

TEST(IndexedFasta, ARecordThatBeginsWithALineWithoutBasesIsRefused) {
    TemporaryFolder const folder;
    std::string const path = folder.write("r.fa", ">a\n \t\nA\n");
    std::string const message = message_of([&] { IndexedFasta const fasta(path); });
    EXPECT_NE(message.find("a line without bases"), std::string::npos) << message;
}

}  // namespace
}  // namespace dnagpt
