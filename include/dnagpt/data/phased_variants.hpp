#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dnagpt/data/hapt_file.hpp"
#include "dnagpt/genome/genome_region.hpp"

namespace dnagpt {

/// Haplotypes of a VCF or BCF, and what was left out of it.
struct PhasedVariants {
    std::vector<Haplotype> haplotypes;  ///< `<sample>_A`, `<sample>_B`, in the order of the samples
    std::vector<HaplotypeSite> sites;
    std::int64_t no_alternative = 0;  ///< records without an alternative allele
    std::int64_t many_alleles = 0;    ///< with two or more alternatives
    std::int64_t no_snp = 0;          ///< insertions, deletions, symbols
    std::int64_t same_place = 0;      ///< SNPs at the place of the SNP before
};

/// The biallelic SNPs of `path`, all of them or those of a region, for all samples or those named.
/// Errors: a genotype that is unphased, missing or of another ploidy than two (naming sample and
/// site), a sample that the file lacks or that is named twice, no site, what VariantReader does not
/// read.
PhasedVariants read_phased_variants(std::string const& path,
                                    std::optional<GenomeRegion> const& region,
                                    std::vector<std::string> const& samples);

}  // namespace dnagpt
