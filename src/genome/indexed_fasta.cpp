#include "dnagpt/genome/indexed_fasta.hpp"

#include <htslib/faidx.h>
#include <htslib/hts.h>
#include <htslib/hts_log.h>

#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string_view>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/parse_number.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "dnagpt/genome/labelled_text.hpp"
#include "dnagpt/genome/text_lines.hpp"

namespace dnagpt {
namespace {

namespace fs = std::filesystem;

void require_new_index(std::string const& path) {
    std::error_code error;
    auto const index_time = fs::last_write_time(path + ".fai", error);
    DNAGPT_VALIDATE(error || index_time >= fs::last_write_time(path),
                    << path << ".fai is older than " << path
                    << "; make it again with `samtools faidx` or remove it");
}

/// One line of an index: name, bases, place of the first, bases and bytes of a line.
bool is_sound(std::string_view line, std::int64_t room) {
    auto const fields = split_fields(line, '\t');
    if (fields.size() < 5) {
        return false;
    }
    auto const bases = parse_whole_number(fields[1]);
    auto const offset = parse_whole_number(fields[2]);
    auto const bases_of_line = parse_whole_number(fields[3]);
    auto const bytes_of_line = parse_whole_number(fields[4]);
    constexpr std::int64_t longest_line = std::numeric_limits<std::int32_t>::max();
    return bases && offset && bases_of_line && bytes_of_line && *bases <= room && *offset <= room &&
           (*bases_of_line > 0 || *bases == 0) && *bytes_of_line >= *bases_of_line &&
           *bytes_of_line <= longest_line;
}

/// htslib divides by the numbers of an index, given or made, and takes memory for them.
void require_sound_index(std::string const& path) {
    std::string const index = path + ".fai";
    std::int64_t const room = fs::exists(path + ".gzi")  // compressed: its bases have more bytes
                                  ? std::numeric_limits<std::int64_t>::max()
                                  : static_cast<std::int64_t>(fs::file_size(path));
    for_each_line(index, [&](std::string_view line, std::int64_t row) {
        DNAGPT_VALIDATE(is_sound(line, room),
                        << index << " row " << row << " does not fit " << path
                        << " (the index is damaged or that of another file, or a record begins "
                           "with a line without bases); correct the record, and make the index "
                           "again with `samtools faidx`");
    });
}

struct FreeText {
    void operator()(char* text) const { std::free(text); }
};

}  // namespace

void IndexedFasta::CloseIndex::operator()(faidx_t* index) const {
    fai_destroy(index);
}

IndexedFasta::IndexedFasta(std::string path) : path_(std::move(path)) {
    hts_set_log_level(HTS_LOG_OFF);
    std::error_code error;
    DNAGPT_VALIDATE(fs::is_regular_file(path_, error),
                    << path_ << " cannot be opened; give the path of a FASTA file");
    require_new_index(path_);
    index_.reset(fai_load3(path_.c_str(), nullptr, nullptr, FAI_CREATE));
    DNAGPT_VALIDATE(index_ != nullptr,
                    << path_ << " cannot be read by place: it is no FASTA (plain, or compressed by "
                    << "bgzip; not by gzip), or its index " << path_
                    << ".fai is damaged or cannot be written; try `samtools faidx`");
    DNAGPT_VALIDATE(faidx_nseq(index_.get()) > 0,
                    << path_ << ".fai names no contig; make it again with `samtools faidx`");
    require_sound_index(path_);
    for (int i = 0; i < faidx_nseq(index_.get()); ++i) {
        contigs_.emplace_back(faidx_iseq(index_.get(), i));
    }
}

bool IndexedFasta::has(std::string const& contig) const {
    return faidx_has_seq(index_.get(), contig.c_str()) != 0;
}

std::int64_t IndexedFasta::length(std::string const& contig) const {
    DNAGPT_EXPECT(has(contig));
    return faidx_seq_len(index_.get(), contig.c_str());
}

std::vector<std::uint8_t> IndexedFasta::codes(GenomeRegion const& region) const {
    DNAGPT_EXPECT(region.begin >= 0 && region.end <= length(region.contig));
    if (region.begin >= region.end) {
        return {};
    }
    hts_pos_t held = 0;
    std::unique_ptr<char, FreeText> const letters(faidx_fetch_seq64(
        index_.get(), region.contig.c_str(), region.begin, region.end - 1, &held));
    DNAGPT_VALIDATE(letters != nullptr && held == region.end - region.begin,
                    << path_ << ": bases " << region.begin << " to " << region.end << " of "
                    << region.contig << " cannot be read (is " << path_
                    << ".fai that of this file?); make it again with `samtools faidx`");
    return base_codes(std::string_view(letters.get(), static_cast<std::size_t>(held)));
}

}  // namespace dnagpt
