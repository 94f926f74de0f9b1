#include "dnagpt/genome/variant_reader.hpp"

#include <gtest/gtest.h>
#include <htslib/hts.h>
#include <htslib/tbx.h>
#include <htslib/vcf.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using Texts = std::vector<std::string>;

std::string const head =
    "##fileformat=VCFv4.2\n##contig=<ID=chr1>\n##contig=<ID=chr2>\n"
    "##FORMAT=<ID=GT,Number=1,Type=String,Description=\"Genotype\">\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts1\ts2\n";

std::string row(std::string const& site, std::string const& genotypes = "0|0\t0|1") {
    return site + "\t.\tPASS\t.\tGT\t" + genotypes + "\n";
}

std::string const some_rows = row("chr1\t10\trs1\tA\tG") + row("chr1\t20\t.\tC\tT,G", "0|2\t1|0") +
                              row("chr1\t30\tdel\tACG\tA", "1/1\t./.") +
                              row("chr2\t5\t.\tA\t.", ".|0\t0|0") +
                              row("chr2\t20\t.\tg\t<DEL>", "1\t0|1|1");

std::string text_of(VariantRecord const& record) {
    std::string text = record.contig + ":" + std::to_string(record.position) + " " + record.id +
                       " " + record.reference + ">";
    for (std::string const& alternative : record.alternatives) {
        text += alternative + ",";
    }
    return text;
}

Texts all_of(VariantReader& reader) {
    Texts texts;
    for (VariantRecord record; reader.next_record(record);) {
        texts.push_back(text_of(record));
    }
    return texts;
}

class Variants : public ::testing::Test {
  protected:
    std::string write_gzip(std::string const& text) {
        std::string const path = folder_.file("v.vcf.gz");
        gzFile const file = gzopen(path.c_str(), "wb");
        gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
        gzclose(file);
        return path;
    }
    std::string error_of(std::string const& text) {
        std::string const path = folder_.write("bad.vcf", text);
        return message_of([&] {
            VariantReader reader(path);
            std::vector<Genotype> genotypes;
            for (VariantRecord record; reader.next_record(record);) {
                reader.read_genotypes(genotypes);
            }
        });
    }
    void expect_error(std::string const& text, std::string const& part) {
        std::string const message = error_of(text);
        EXPECT_NE(message.find(part), std::string::npos) << message << " for\n" << text;
    }
    Texts region(std::string const& path, std::string const& text) {
        VariantReader reader(path, parse_region(text));
        return all_of(reader);
    }

    testing::TemporaryFolder folder_;
};

TEST_F(Variants, AreReadInTheOrderOfTheFile) {
    Texts const expected = {"chr1:9 rs1 A>G,", "chr1:19 . C>T,G,", "chr1:29 del ACG>A,",
                            "chr2:4 . A>", "chr2:19 . g><DEL>,"};
    VariantReader reader(folder_.write("v.vcf", head + some_rows));
    EXPECT_EQ(reader.samples(), (Texts{"s1", "s2"}));
    EXPECT_FALSE(reader.uses_index());
    EXPECT_EQ(all_of(reader), expected);
    VariantReader zipped(write_gzip(head + some_rows));
    EXPECT_EQ(all_of(zipped), expected);
}

TEST_F(Variants, GenotypesTellAllelesPloidyAndPhase) {
    VariantReader reader(folder_.write("v.vcf", head + some_rows));
    std::vector<std::vector<Genotype>> const expected = {{{0, 0, 2, true}, {0, 1, 2, true}},
                                                         {{0, 2, 2, true}, {1, 0, 2, true}},
                                                         {{1, 1, 2, false}, {-1, -1, 2, false}},
                                                         {{-1, 0, 2, true}, {0, 0, 2, true}},
                                                         {{1, -1, 1, false}, {0, 1, 3, true}}};
    VariantRecord record;
    for (std::vector<Genotype> const& each : expected) {
        ASSERT_TRUE(reader.next_record(record));
        std::vector<Genotype> genotypes;
        reader.read_genotypes(genotypes);
        EXPECT_EQ(genotypes, each) << reader.place();
    }
    EXPECT_FALSE(reader.next_record(record));
}

TEST_F(Variants, NoSamplesAndNoHeadLinesOfContigsAreFine) {
    std::string const text =
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        "7\t3\trs7\tA\tT\t.\t.\tDP=3\n8\t4\t.\tA\tT\t.\tq10\t.\n";
    VariantReader reader(folder_.write("v.vcf", text));
    EXPECT_TRUE(reader.samples().empty());
    EXPECT_EQ(all_of(reader), (Texts{"7:2 rs7 A>T,", "8:3 . A>T,"}));
    EXPECT_EQ(region(folder_.file("v.vcf"), "8"), (Texts{"8:3 . A>T,"}));
    EXPECT_NE(error_of(text).find("bad.vcf: 7:3 has no genotypes"), std::string::npos);
}

TEST_F(Variants, GenotypesNeedNoHeadLine) {
    VariantReader reader(folder_.write("v.vcf", head.substr(0, head.find("##FORMAT")) +
                                                    head.substr(head.find("#CHROM")) +
                                                    row("chr1\t10\t.\tA\tG")));
    VariantRecord record;
    std::vector<Genotype> genotypes;
    ASSERT_TRUE(reader.next_record(record));
    reader.read_genotypes(genotypes);
    EXPECT_EQ(genotypes, (std::vector<Genotype>{{0, 0, 2, true}, {0, 1, 2, true}}));
}

TEST_F(Variants, GenotypesThatArePushedAsideAreAnError) {
    std::string site = row("chr1\t10\t.\tA\tG");
    site.replace(site.find("\tGT\t"), 4, "\tXX:GT\t");  // each sample gives XX alone
    VariantReader reader(folder_.write("v.vcf", head + site));
    VariantRecord record;
    ASSERT_TRUE(reader.next_record(record));
    std::vector<Genotype> genotypes;
    EXPECT_NE(message_of([&] { reader.read_genotypes(genotypes); }).find("has no genotypes"),
              std::string::npos);
}

TEST_F(Variants, RegionsHoldWhatOverlapsThem) {
    std::string const path = folder_.write("v.vcf", head + some_rows);
    EXPECT_EQ(region(path, "chr1:10-19"), (Texts{"chr1:9 rs1 A>G,"}));
    EXPECT_EQ(region(path, "chr1:11-20"), (Texts{"chr1:19 . C>T,G,"}));
    EXPECT_EQ(region(path, "chr1:32-40"), (Texts{"chr1:29 del ACG>A,"}));
    EXPECT_EQ(region(path, "chr1:33-40"), Texts{});
    EXPECT_EQ(region(path, "chr2").size(), 2U);
    EXPECT_NE(message_of([&] {
                  region(path, "1:1-5");
              }).find("v.vcf has no contig '1' (the first of its 2 is 'chr1')"),
              std::string::npos);
}

TEST_F(Variants, AHeadMayNumberItsContigsWithGaps) {
    std::string const path =
        folder_.write("gaps.vcf",
                      "##fileformat=VCFv4.2\n##contig=<ID=chr1,IDX=5>\n"
                      "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nchr1\t5\t.\tA\tC\t.\t.\t.\n");
    VariantReader reader(path, GenomeRegion{"chr1", 0, 10});
    VariantRecord record;
    ASSERT_TRUE(reader.next_record(record));
    EXPECT_EQ(record.position, 4);
    EXPECT_NE(message_of([&] {
                  VariantReader(path, GenomeRegion{"chr2", 0, 10});
              }).find("has no contig 'chr2' (the first of its 1 is 'chr1')"),
              std::string::npos);
}

TEST_F(Variants, BiallelicSnpsAreOneBaseForAnother) {
    EXPECT_TRUE(is_biallelic_snp({"c", 1, ".", "A", {"g"}}));
    for (VariantRecord const& record :
         {VariantRecord{"c", 1, ".", "A", {}}, VariantRecord{"c", 1, ".", "A", {"G", "T"}},
          VariantRecord{"c", 1, ".", "AC", {"A"}}, VariantRecord{"c", 1, ".", "A", {"AC"}},
          VariantRecord{"c", 1, ".", "A", {"*"}}, VariantRecord{"c", 1, ".", "N", {"A"}},
          VariantRecord{"c", 1, ".", "A", {"<DEL>"}}, VariantRecord{"c", 1, ".", "A", {"A"}}}) {
        EXPECT_FALSE(is_biallelic_snp(record)) << text_of(record);
    }
}

TEST_F(Variants, BadFilesAreNamed) {
    expect_error(">chr1\nACGT\n", "bad.vcf: this is no VCF or BCF file");
    expect_error("", "bad.vcf: this is no VCF or BCF file");
    expect_error("##fileformat=VCFv4.2\nchr1\t1\n", "bad.vcf: the head cannot be read");
    expect_error(head + row("chr1\t10\t.\tA\tG") + "chr1\t20\t.\tA\n", "bad.vcf: record 2 cannot");
    expect_error(head + row("chr1\t10\t.\tA\tG", "0|1"), "bad.vcf: record 1 cannot be read");
    expect_error(head + row("chr1\t10\t.\tA\tG", "0|1\t0|1\t0|1"), "record 1 cannot be read");
    expect_error(head + row("chr1\tx\t.\tA\tG"), "record 1 cannot be read");
    expect_error(head + row("chr1\t10\t.\tA\tG", "0|x\t0|1"), "record 1 cannot be read");
    expect_error(head + row("chr1\t10\ta\x1f\tA\tG"), "record 1 holds a control character");
    EXPECT_NE(message_of([&] {
                  VariantReader(folder_.file("none.vcf"));
              }).find("none.vcf: the file cannot be opened"),
              std::string::npos);
    EXPECT_NE(message_of([&] { VariantReader reader(folder_.path()); }).find("no VCF or BCF"),
              std::string::npos);
}

TEST_F(Variants, AGzipFileThatIsCutShortIsAnError) {
    std::string rows;
    for (int i = 1; i < 20'000; ++i) {
        rows += row("chr1\t" + std::to_string(i * 7 + i % 5) + "\t.\tA\tG");
    }
    std::string const path = write_gzip(head + rows);
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
    EXPECT_NE(message_of([&] {
                  VariantReader reader(path);
                  all_of(reader);
              }).find("cannot be read"),
              std::string::npos);
}

/// Writes the variants of a VCF as htslib does: "wz" VCF in BGZF blocks, "wb" BCF.
void write_variants(std::string const& source, std::string const& path, char const* mode) {
    htsFile* const in = hts_open(source.c_str(), "r");
    htsFile* const out = hts_open(path.c_str(), mode);
    bcf_hdr_t* const head = bcf_hdr_read(in);
    bcf1_t* const record = bcf_init();
    bool good = bcf_hdr_write(out, head) == 0;
    while (bcf_read(in, head, record) == 0) {
        good = good && bcf_write(out, head, record) == 0;
    }
    bcf_destroy(record);
    bcf_hdr_destroy(head);
    good = hts_close(out) == 0 && good;
    hts_close(in);
    ASSERT_TRUE(good) << path;
}

void write_index(std::string const& path, bool is_bcf) {
    constexpr int shift = 14;
    ASSERT_EQ(is_bcf ? bcf_index_build(path.c_str(), shift)
                     : tbx_index_build(path.c_str(), 0, &tbx_conf_vcf),
              0);
}

TEST_F(Variants, BcfAndIndexedFilesGiveTheSame) {
    std::string const text = folder_.write("v.vcf", head + some_rows);
    VariantReader text_reader(text);
    Texts const expected = all_of(text_reader);
    for (char const* mode : {"wz", "wb"}) {
        std::string const path = folder_.file(std::string("v.") + mode);
        write_variants(text, path, mode);
        VariantReader whole(path);
        EXPECT_EQ(all_of(whole), expected);
        EXPECT_EQ(region(path, "chr1:11-30").size(), 2U);
        write_index(path, mode == std::string("wb"));
        VariantReader indexed(path, parse_region("chr1:11-30"));
        EXPECT_TRUE(indexed.uses_index());
        EXPECT_EQ(all_of(indexed), (Texts{expected[1], expected[2]}));
        EXPECT_EQ(region(path, "chr2:1-5"), Texts{expected[3]});
        std::filesystem::resize_file(path, std::filesystem::file_size(path) - 28);
        EXPECT_NE(message_of([&] { VariantReader reader(path); }).find("cut short"),
                  std::string::npos);
    }
}

}  // namespace
}  // namespace dnagpt
