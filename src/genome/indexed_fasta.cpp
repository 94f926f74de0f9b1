#include "dnagpt/genome/indexed_fasta.hpp"

#include <htslib/faidx.h>
#include <htslib/hts.h>
#include <htslib/hts_log.h>

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"

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
