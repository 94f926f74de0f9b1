#include "dnagpt/genome/fasta_reader.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "harness/message_of.hpp"
#include "harness/random_bases.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::random_bases;

std::string wrap(std::string const& bases, std::size_t width, std::string const& line_end) {
    std::string text;
    for (std::size_t i = 0; i < bases.size(); i += width) {
        text += bases.substr(i, width) + line_end;
    }
    return text;
}

/// `text` as one gzip member; `extra` is the header's extra field.
std::string gzip_member(std::string_view text, std::string extra = "") {
    z_stream stream{};
    gz_header header{};
    EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    header.os = 255;
    header.extra = extra.empty() ? nullptr : reinterpret_cast<Bytef*>(extra.data());
    header.extra_len = static_cast<uInt>(extra.size());
    deflateSetHeader(&stream, &header);
    std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

/// `text` as BGZF: blocks whose extra field says their size, then the empty closing block.
std::string bgzf(std::string_view text) {
    std::string packed;
    constexpr std::size_t block = 60000;
    for (std::size_t i = 0; i < text.size() + block; i += block) {
        std::string_view const piece = text.substr(std::min(i, text.size()), block);
        if (piece.empty() && i < text.size()) {
            break;
        }
        std::string member = gzip_member(piece, std::string("BC\x02\0\0\0", 6));
        member[16] = static_cast<char>((member.size() - 1) & 0xFF);
        member[17] = static_cast<char>((member.size() - 1) >> 8);
        packed += member;
    }
    return packed;
}

class FastaReaderTest : public ::testing::Test {
  protected:
    std::string write(std::string const& bytes, std::string const& name = "x.fa") const {
        return folder_.write(name, bytes);
    }
    /// "name|description|bases;" of every record, in chunks of `chunk` bases.
    static std::string read_all(std::string const& path, std::size_t chunk = 1000) {
        FastaReader reader(path);
        std::vector<std::uint8_t> codes(chunk);
        std::string text;
        for (FastaRecord record; reader.next_record(record);) {
            text += record.name + "|" + record.description + "|";
            while (std::size_t const count = reader.read_bases(codes)) {
                text += bases_text(std::span(codes).first(count));
            }
            text += ";";
        }
        return text;
    }
    std::string error_of(std::string const& bytes) const { return error_at(write(bytes)); }
    static std::string error_at(std::string const& path) {
        return testing::message_of([&] { (void)read_all(path); });
    }

    testing::TemporaryFolder folder_;
};

#define EXPECT_HOLDS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(FastaReaderTest, ShapesOfFilesThatPeopleHave) {
    std::string const expected = "a|first one|ACGTNACG;b||;c||TTTT;record_4||A;";
    for (std::string const text :
         {">a first one\nACGT\nNACG\n>b\n>c\nTTTT\n>\nA\n",
          ">a first one\r\nACGT\r\nNACG\r\n>b\r\n>c\r\nTTTT\r\n>\r\nA",
          "\n\n> a \t first one  \nacgurac\n\ng\n\n>b\n\n>c\nT T\tTt \n\n>\nA\n\n",
          ">a first one\nACG\nTN\nA\nCG\n>b\n>c\nTTTT\n>\nA"}) {
        for (std::size_t const chunk : {1U, 2U, 3U, 4U, 5U, 100U}) {
            EXPECT_EQ(read_all(write(text), chunk), expected) << text << chunk;
        }
    }
}

TEST_F(FastaReaderTest, EveryPackingGivesTheSameBases) {
    std::string const first = random_bases(700001, 1);
    std::string const second = random_bases(12345, 2);
    std::string const expected = "long||" + first + ";short|of two|" + second + ";";
    for (std::string const line_end : {"\n", "\r\n"}) {
        std::string const text = ">long" + line_end + wrap(first, 61, line_end) + ">short of two" +
                                 line_end + wrap(second, 80, line_end);
        EXPECT_EQ(read_all(write(text), 4096), expected);
        EXPECT_EQ(read_all(write(gzip_member(text)), 4096), expected);
        std::string const two_members =
            gzip_member(text.substr(0, 333333)) + gzip_member(text.substr(333333));
        EXPECT_EQ(read_all(write(two_members), 4096), expected);
        EXPECT_EQ(read_all(write(bgzf(text)), 4096), expected);
    }
    EXPECT_EQ(read_all(write(">long\n" + first + "\n>short of two\n" + second), 77777), expected);
}

TEST_F(FastaReaderTest, RecordsCanBePassedOver) {
    std::string const path =
        write(">a\n" + wrap(random_bases(600000, 3), 70, "\n") + ">b\nACGT\nAC\n>c\nGG>\n>d\nTT\n");
    FastaReader reader(path);
    FastaRecord record;
    std::vector<std::uint8_t> codes(4);
    ASSERT_TRUE(reader.next_record(record));
    EXPECT_EQ(reader.read_bases(codes), 4U);
    ASSERT_TRUE(reader.next_record(record));
    EXPECT_EQ(record.name, "b");
    EXPECT_EQ(reader.read_bases(codes), 4U);
    ASSERT_TRUE(reader.next_record(record));
    EXPECT_EQ(record.name, "c");
    ASSERT_TRUE(reader.next_record(record));
    EXPECT_EQ(record.name, "d");
    EXPECT_EQ(reader.read_bases(codes), 2U);
    EXPECT_EQ(reader.read_bases(codes), 0U);
    EXPECT_FALSE(reader.next_record(record));
    EXPECT_EQ(reader.file_position(), reader.file_size());
}

TEST_F(FastaReaderTest, WholeFile) {
    auto const sequences = read_whole_fasta(write(">a x\nACG\nT\n>b\n"));
    ASSERT_EQ(sequences.size(), 2U);
    EXPECT_EQ(sequences[0].record.description, "x");
    EXPECT_EQ(bases_text(sequences[0].codes), "ACGT");
    EXPECT_TRUE(sequences[1].codes.empty());
}

TEST_F(FastaReaderTest, BadLettersAreNamedWithRecordAndPosition) {
    EXPECT_HOLDS(error_of(">a\nACGT\n>b x\nACGT\nAC-T\n"),
                 "x.fa: record 'b', position 7: '-' is no nucleotide code");
    EXPECT_HOLDS(error_of(">a\nAC\r\nGT\r\nA1\r\n"), "record 'a', position 6: '1'");
    EXPECT_HOLDS(error_of(">a\nACGT>b\nACGT\n"), "record 'a', position 5: '>'");
    EXPECT_HOLDS(error_of(std::string(">a\nAC\0T\n", 8)), "position 3: byte 0x00");
    std::string bases = random_bases(500000, 4);
    bases[400000] = 'E';
    EXPECT_HOLDS(error_of(">chr1\n" + wrap(bases, 60, "\n")), "'chr1', position 400001: 'E'");
}

TEST_F(FastaReaderTest, WhatIsNoFasta) {
    EXPECT_HOLDS(error_of("@read1\nACGT\n+\nIIII\n"),
                 "this is a FASTQ file (FASTA is needed); "
                 "convert it with `seqtk seq -a");
    EXPECT_HOLDS(error_of(gzip_member("@read1\nACGT\n+\nIIII\n")), "a FASTQ file");
    EXPECT_HOLDS(error_of(std::string("\x43\x27\x41\x1A\0\0\0\0", 8)), "`twoBitToFa");
    EXPECT_HOLDS(error_of(std::string("\x1A\x41\x27\x43\0\0\0\0", 8)), "a 2bit file");
    EXPECT_HOLDS(error_of("BZh91AY"), "compressed by bzip2");
    EXPECT_HOLDS(error_of("chr1\t100\t200\n"), "no FASTA file (it starts with 'c'");
    EXPECT_HOLDS(error_of(""), "the file holds nothing");
    EXPECT_HOLDS(error_of(gzip_member("")), "the file holds nothing");
    EXPECT_HOLDS(error_of(" \n\n"), "holds only blanks");
    EXPECT_HOLDS(error_of(">a\rACGT\r>b\rACGT\r"), "holds a carriage return");
    EXPECT_HOLDS(error_of(">" + std::string(std::size_t{3} << 20, 'A')), "longer than 1 MiB");
}

TEST_F(FastaReaderTest, UnreadableFiles) {
    EXPECT_HOLDS(error_at(folder_.file("none.fa")),
                 "none.fa: the file cannot be opened (No such file or directory)");
    EXPECT_HOLDS(error_at(folder_.path()), "this is a folder");
}

TEST_F(FastaReaderTest, GzipCutShortAnywhere) {
    std::string const text = ">a\n" + wrap(random_bases(300000, 5), 60, "\n");
    std::string const whole = gzip_member(text);
    ASSERT_EQ(error_of(whole), "no error");
    std::vector<std::size_t> const sizes = {2,
                                            3,
                                            9,
                                            10,
                                            11,
                                            17,
                                            18,
                                            19,
                                            100,
                                            65536,
                                            whole.size() / 2,
                                            whole.size() - 9,
                                            whole.size() - 8,
                                            whole.size() - 1};
    for (std::size_t const size : sizes) {
        EXPECT_HOLDS(error_of(whole.substr(0, size)), "cut short or damaged") << size;
    }
    EXPECT_HOLDS(error_of(whole.substr(0, whole.size() / 2)), "x.fa: record 'a', position ");
}

TEST_F(FastaReaderTest, GzipDamaged) {
    std::string damaged = gzip_member(">a\n" + wrap(random_bases(300000, 6), 60, "\n"));
    damaged[damaged.size() - 6] ^= 1;  // the checksum
    EXPECT_HOLDS(error_of(damaged), "cut short or damaged");
}

TEST_F(FastaReaderTest, BgzfCutShortAnywhere) {
    std::string const text = ">a\n" + wrap(random_bases(300000, 7), 60, "\n");
    std::string const whole = bgzf(text);
    ASSERT_EQ(error_of(whole), "no error");
    for (std::size_t const size :
         {std::size_t{20}, whole.size() / 2, whole.size() - 28, whole.size() - 1}) {
        EXPECT_HOLDS(error_of(whole.substr(0, size)), "cut short (BGZF without its closing block)")
            << size;
    }
    std::string damaged = whole;
    damaged[whole.size() / 2] ^= 0x55;
    EXPECT_HOLDS(error_of(damaged), "cut short or damaged");
}

TEST(FastaReaderData, BasesOfTheNineSpecies) {
    char const* folder = std::getenv("DNAGPT_DATA_DIR");
    if (folder == nullptr) {
        GTEST_SKIP() << "DNAGPT_DATA_DIR is not set: no real genomes";
    }
    struct Expected {
        char const* file;
        std::uint64_t records;
        std::uint64_t bases;
    };
    for (auto const& [file, records, bases] :
         {Expected{"escherichia_coli.ASM584v2.fa.gz", 1, 4641652},
          Expected{"saccharomyces_cerevisiae.R64-1-1.fa.gz", 17, 12157105},
          Expected{"homo_sapiens.pieces.fa.gz", 4, 10338225},
          Expected{"drosophila_melanogaster.pieces.fa.gz", 7, 1375477},
          Expected{"caenorhabditis_elegans.pieces.fa.gz", 7, 1002861},
          Expected{"arabidopsis_thaliana.pieces.fa.gz", 15, 2196675},
          Expected{"danio_rerio.promoter_windows.fa.gz", 50, 4483722},
          Expected{"mus_musculus.windows_206bp.fa.gz", 40432, 8328992},
          Expected{"bos_taurus.windows_606bp.fa.gz", 8172, 4952232}}) {
        FastaReader reader(std::string(folder) + "/genomes/" + file);
        std::vector<std::uint8_t> codes(100000);
        std::uint64_t record_sum = 0;
        std::uint64_t base_sum = 0;
        for (FastaRecord record; reader.next_record(record); ++record_sum) {
            while (std::size_t const count = reader.read_bases(codes)) {
                base_sum += count;
            }
        }
        EXPECT_EQ(record_sum, records) << file;
        EXPECT_EQ(base_sum, bases) << file;
    }
}

TEST_F(FastaReaderTest, ControlCharactersInANameAreRefused) {
    std::string const path = folder_.write("r.fa", ">a\x1f first\nAC\n");
    EXPECT_NE(testing::message_of([&] {
                  read_whole_fasta(path);
              }).find("the name of record 1 holds a control character"),
              std::string::npos);
}

}  // namespace
}  // namespace dnagpt
