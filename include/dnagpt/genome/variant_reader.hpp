#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dnagpt/genome/genome_region.hpp"

namespace dnagpt {

/// One line of a VCF: a place and its alleles as written.
struct VariantRecord {
    std::string contig;
    std::int64_t position = 0;  ///< 0-based, of the first base of `reference`
    std::string id;             ///< "." where it has none
    std::string reference;
    std::vector<std::string> alternatives;  ///< empty where the file has "."
};

/// True when reference and the only alternative are one of A, C, G, T each, in either case.
bool is_biallelic_snp(VariantRecord const& record);

/// The alleles of one sample at one place.
struct Genotype {
    static constexpr std::int32_t missing = -1;
    std::int32_t first = missing;   ///< 0 reference, 1 .. alternatives
    std::int32_t second = missing;  ///< that of the other chromosome
    std::int32_t ploidy = 2;        ///< alleles written; only the first two are read
    bool phased = false;            ///< written 0|1: first and second know their chromosomes

    friend bool operator==(Genotype const&, Genotype const&) = default;
};

/// sites: no genotypes are read, which is much faster where there are many samples.
enum class VariantColumns : std::uint8_t { sites, genotypes };

/// Reads the records of a VCF or BCF in the order of the file: plain, gzip or BGZF. Errors name the
/// file and the record: what cannot be opened, is no VCF or BCF, is damaged or cut short, a record
/// that cannot be read.
class VariantReader {
  public:
    explicit VariantReader(std::string path, VariantColumns columns = VariantColumns::genotypes);
    /// Only records that overlap `region`; through an index beside the file (.tbi or .csi, not
    /// older than the file), otherwise by reading all. Error when the head lists contigs and not
    /// this one.
    VariantReader(std::string path, GenomeRegion region);
    ~VariantReader();
    VariantReader(VariantReader&&) noexcept;
    VariantReader& operator=(VariantReader&&) noexcept;

    std::string const& path() const { return path_; }
    /// Names of the samples in the order of the columns.
    std::vector<std::string> const& samples() const { return samples_; }
    bool uses_index() const;

    /// Goes to the next record; false at the end.
    bool next_record(VariantRecord& record);
    /// The present record's genotypes, one a sample; Error when it has no GT field, or when one
    /// names an allele that the record does not have. Not of a reader of sites.
    void read_genotypes(std::vector<Genotype>& genotypes);
    /// The present record for messages: file, contig and 1-based position.
    std::string place() const;

  private:
    struct File;
    /// Error where the genotype names an allele that the present record does not have.
    void require_alleles(std::size_t sample, Genotype const& genotype) const;

    std::unique_ptr<File> file_;
    std::string path_;
    std::vector<std::string> samples_;
};

}  // namespace dnagpt
