#include "dnagpt/genome/variant_reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <htslib/hfile.h>
#include <htslib/hts.h>
#include <htslib/hts_log.h>
#include <htslib/tbx.h>
#include <htslib/vcf.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/control_letters.hpp"
#include "dnagpt/genome/text_lines.hpp"

namespace dnagpt {
namespace {

template <auto close>
struct CloseWith {
    template <class T>
    void operator()(T* handle) const {
        close(handle);
    }
};
using HtsFile = std::unique_ptr<htsFile, CloseWith<hts_close>>;
using Header = std::unique_ptr<bcf_hdr_t, CloseWith<bcf_hdr_destroy>>;
using Record = std::unique_ptr<bcf1_t, CloseWith<bcf_destroy>>;
using BcfIndex = std::unique_ptr<hts_idx_t, CloseWith<hts_idx_destroy>>;
using TextIndex = std::unique_ptr<tbx_t, CloseWith<tbx_destroy>>;
using Iterator = std::unique_ptr<hts_itr_t, CloseWith<hts_itr_destroy>>;

/// Columns of a VCF before those of its samples, without and with samples.
constexpr std::int64_t site_columns = 8;
constexpr std::int64_t format_columns = 9;
/// What htslib reports of a record and we go on with: its head does not list a contig or tag.
constexpr int tolerated = BCF_ERR_CTG_UNDEF | BCF_ERR_TAG_UNDEF;
constexpr int end_of_file = -1;

/// Opens by descriptor: htslib itself would take names such as `-` or `http://...` for streams.
HtsFile open_variants(std::string const& path) {
    hts_set_log_level(HTS_LOG_OFF);
    int const descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    DNAGPT_VALIDATE(descriptor >= 0, << path << ": the file cannot be opened ("
                                     << std::strerror(errno)
                                     << "); check its path and permissions");
    hFILE* const stream = hdopen(descriptor, "r");
    if (stream == nullptr) {
        ::close(descriptor);
    }
    HtsFile file(stream == nullptr ? nullptr : hts_hopen(stream, path.c_str(), "r"));
    if (file == nullptr && stream != nullptr) {
        hclose_abruptly(stream);
    }
    bool const is_known =
        file != nullptr && (file->format.format == vcf || file->format.format == bcf);
    DNAGPT_VALIDATE(is_known, << path
                              << ": this is no VCF or BCF file (or its head is damaged); give the "
                                 "path of one, plain, gzip or BGZF");
    DNAGPT_VALIDATE(file->format.compression != bgzf || hts_check_EOF(file.get()) != 0,
                    << path
                    << ": the file is cut short (BGZF without its closing block); fetch it again "
                       "and check it with `gzip -t`");
    return file;
}

Header read_header(std::string const& path, htsFile* file) {
    Header header(bcf_hdr_read(file));
    DNAGPT_VALIDATE(header != nullptr,
                    << path
                    << ": the head cannot be read (it ends in a line that begins with #CHROM, one "
                       "column a sample); fetch or make the file again");
    return header;
}

/// bcf_hdr_seqnames ends the program where the head numbers its contigs with gaps.
std::vector<std::string> contigs_of(bcf_hdr_t const* header) {
    std::vector<std::string> contigs;
    for (int number = 0; number < header->n[BCF_DT_CTG]; ++number) {
        if (char const* const name = bcf_hdr_id2name(header, number); name != nullptr) {
            contigs.emplace_back(name);
        }
    }
    return contigs;
}

/// An index beside the file that is not older than it.
std::optional<std::string> index_path(std::string const& path) {
    for (char const* const ending : {".csi", ".tbi"}) {
        std::string const index = path + ending;
        std::error_code error;
        auto const index_time = std::filesystem::last_write_time(index, error);
        if (!error && index_time >= std::filesystem::last_write_time(path, error) && !error) {
            return index;
        }
    }
    return std::nullopt;
}

/// htslib ends the program for a GT field whose stored type is no integer.
bool has_alleles(bcf_hdr_t* header, bcf1_t* record) {
    bcf_fmt_t const* const field = bcf_get_fmt(header, record, "GT");
    return field != nullptr && (field->type == BCF_BT_INT8 || field->type == BCF_BT_INT16 ||
                                field->type == BCF_BT_INT32);
}

bool is_text(std::string const& field) {
    return std::ranges::none_of(field, is_control_letter);
}

bool is_base(std::string const& allele) {
    return allele.size() == 1 && std::string_view("ACGTacgt").find(allele[0]) != std::string::npos;
}

}  // namespace

struct VariantReader::File {
    HtsFile file;
    Header header;
    Record record{bcf_init()};
    std::optional<GenomeRegion> region;
    TextIndex text_index;
    BcfIndex bcf_index;
    Iterator iterator;
    kstring_t line = KS_INITIALIZE;
    std::int64_t records = 0;
    std::int32_t* genotypes = nullptr;
    int genotype_room = 0;

    File(HtsFile opened, Header head) : file(std::move(opened)), header(std::move(head)) {}
    File(File const&) = delete;
    File& operator=(File const&) = delete;
    ~File() {
        ks_free(&line);
        std::free(genotypes);
    }

    bool is_text() const { return file->format.format == vcf; }
    void open_index(std::string const& path);
    int read_line();
    int read();
    bool in_region() const;
    bool line_is_whole() const;
};

void VariantReader::File::open_index(std::string const& path) {
    auto const index = index_path(path);
    if (!index || file->format.compression != bgzf) {
        return;
    }
    hts_pos_t const end = std::min<hts_pos_t>(region->end, HTS_POS_MAX);
    if (is_text()) {
        text_index.reset(tbx_index_load3(path.c_str(), index->c_str(), HTS_IDX_SILENT_FAIL));
        int const contig =
            text_index == nullptr ? -1 : tbx_name2id(text_index.get(), region->contig.c_str());
        if (contig >= 0) {
            iterator.reset(tbx_itr_queryi(text_index.get(), contig, region->begin, end));
        }
    } else {
        bcf_index.reset(bcf_index_load3(path.c_str(), index->c_str(), HTS_IDX_SILENT_FAIL));
        int const contig = bcf_hdr_name2id(header.get(), region->contig.c_str());
        if (bcf_index != nullptr && contig >= 0) {
            iterator.reset(bcf_itr_queryi(bcf_index.get(), contig, region->begin, end));
        }
    }
}

/// The columns that the head announces are there and the second is a number; htslib looks at
/// neither.
bool VariantReader::File::line_is_whole() const {
    std::string_view const text(line.s, line.l);
    auto const columns = std::ranges::count(text, '\t') + 1;
    int const samples = bcf_hdr_nsamples(header.get());
    std::size_t const position = text.find('\t') + 1;
    auto const digits = text.substr(position, text.find('\t', position) - position);
    return !digits.empty() && digits.find_first_not_of("0123456789") == digits.npos &&
           (samples == 0 ? columns >= site_columns : columns == format_columns + samples);
}

int VariantReader::File::read_line() {
    int const got = iterator != nullptr
                        ? tbx_itr_next(file.get(), text_index.get(), iterator.get(), &line)
                        : hts_getline(file.get(), '\n', &line);
    if (got < 0) {
        return got;
    }
    return line_is_whole() ? vcf_parse(&line, header.get(), record.get()) : end_of_file - 1;
}

/// 0 for a record, -1 at the end, less for what cannot be read.
int VariantReader::File::read() {
    if (is_text()) {
        return read_line();
    }
    return iterator != nullptr ? std::min(0, bcf_itr_next(file.get(), iterator.get(), record.get()))
                               : bcf_read(file.get(), header.get(), record.get());
}

bool VariantReader::File::in_region() const {
    return !region || (bcf_seqname_safe(header.get(), record.get()) == region->contig &&
                       record->pos < region->end && record->pos + record->rlen > region->begin);
}

VariantReader::VariantReader(std::string path, VariantColumns columns) : path_(std::move(path)) {
    HtsFile file = open_variants(path_);
    Header header = read_header(path_, file.get());
    samples_.assign(header->samples, header->samples + bcf_hdr_nsamples(header.get()));
    file_ = std::make_unique<File>(std::move(file), std::move(header));
    file_->record->max_unpack = columns == VariantColumns::sites ? BCF_UN_STR : 0;
}

VariantReader::VariantReader(std::string path, GenomeRegion region)
    : VariantReader(std::move(path)) {
    auto const contigs = contigs_of(file_->header.get());
    DNAGPT_VALIDATE(contigs.empty() || std::ranges::find(contigs, region.contig) != contigs.end(),
                    << path_ << " has no contig '" << region.contig << "' (the first of its "
                    << contigs.size() << " is '" << contigs.front()
                    << "'); write the region with the file's name");
    file_->region = std::move(region);
    file_->open_index(path_);
}

VariantReader::~VariantReader() = default;
VariantReader::VariantReader(VariantReader&&) noexcept = default;
VariantReader& VariantReader::operator=(VariantReader&&) noexcept = default;

bool VariantReader::uses_index() const {
    return file_->iterator != nullptr;
}

bool VariantReader::next_record(VariantRecord& record) {
    bcf1_t* const raw = file_->record.get();
    do {
        int const got = file_->read();
        if (got == end_of_file) {
            return false;
        }
        ++file_->records;
        DNAGPT_VALIDATE(got >= 0 && (raw->errcode & ~tolerated) == 0 && raw->pos >= -1,
                        << path_ << ": record " << file_->records
                        << (file_->iterator ? " of the region" : "")
                        << " cannot be read (a column is missing or wrong, or the file is damaged "
                           "or cut short); check it with `bcftools view`");
    } while (!file_->in_region());
    bcf_unpack(raw, BCF_UN_STR);
    DNAGPT_VALIDATE(raw->n_allele > 0, << place() << " has no reference allele (the file is "
                                       << "damaged); check it with `bcftools view`");
    record.contig = bcf_seqname_safe(file_->header.get(), raw);
    record.position = raw->pos;
    record.id = raw->d.id;
    record.reference = raw->d.allele[0];
    record.alternatives.assign(raw->d.allele + 1, raw->d.allele + raw->n_allele);
    DNAGPT_VALIDATE(is_text(record.contig) && is_text(record.id) && is_text(record.reference) &&
                        std::ranges::all_of(record.alternatives, is_text),
                    << path_ << ": record " << file_->records
                    << " holds a control character (the file is damaged?); check it with "
                       "`bcftools view`");
    return true;
}

void VariantReader::require_alleles(std::size_t sample, Genotype const& genotype) const {
    std::int32_t const alleles = file_->record->n_allele;
    for (std::int32_t const allele : {genotype.first, genotype.second}) {
        DNAGPT_VALIDATE(allele >= Genotype::missing && allele < alleles,
                        << place() << ": the genotype of sample " << samples_[sample]
                        << " names the allele " << allele << ", and the record has 0 to "
                        << alleles - 1 << "; correct the file, or leave the record out");
    }
}

void VariantReader::read_genotypes(std::vector<Genotype>& genotypes) {
    DNAGPT_EXPECT(file_->record->max_unpack == 0);
    int const count = has_alleles(file_->header.get(), file_->record.get())
                          ? bcf_get_genotypes(file_->header.get(), file_->record.get(),
                                              &file_->genotypes, &file_->genotype_room)
                          : 0;
    DNAGPT_VALIDATE(count > 0, << place()
                               << " has no genotypes (no GT field, or an empty one); take a "
                               << "file with genotypes");
    auto const room = static_cast<std::size_t>(count) / samples_.size();
    genotypes.assign(samples_.size(), Genotype{});
    for (std::size_t sample = 0; sample < samples_.size(); ++sample) {
        std::int32_t const* const alleles = file_->genotypes + sample * room;
        std::int32_t const* const end =
            std::find(alleles, alleles + room, static_cast<std::int32_t>(bcf_int32_vector_end));
        Genotype& genotype = genotypes[sample];
        genotype.ploidy = static_cast<std::int32_t>(end - alleles);
        genotype.first = genotype.ploidy > 0 ? bcf_gt_allele(alleles[0]) : Genotype::missing;
        genotype.second = genotype.ploidy > 1 ? bcf_gt_allele(alleles[1]) : Genotype::missing;
        genotype.phased = genotype.ploidy > 1 && bcf_gt_is_phased(alleles[1]);
        require_alleles(sample, genotype);
    }
}

std::string VariantReader::place() const {
    bcf1_t* const raw = file_->record.get();
    return fmt::format("{}: {}:{}", path_, bcf_seqname_safe(file_->header.get(), raw),
                       raw->pos + 1);
}

bool is_biallelic_snp(VariantRecord const& record) {
    return record.alternatives.size() == 1 && is_base(record.reference) &&
           is_base(record.alternatives.front()) && record.reference != record.alternatives.front();
}

}  // namespace dnagpt
