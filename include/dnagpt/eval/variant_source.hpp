#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "dnagpt/eval/record_blocks.hpp"
#include "dnagpt/eval/variant_scores.hpp"

namespace dnagpt {

/// Where variants come from.
struct VariantSourceOptions {
    std::string vcf;         ///< VCF or BCF, plain, gzip or BGZF
    std::string reference;   ///< FASTA, plain or BGZF
    std::string aliases;     ///< table of contig names; empty: names must be equal
    std::string regions;     ///< BED; empty: all
    std::int64_t flank = 0;  ///< bases on each side of the alleles, less at a contig's ends
};

/// How many alternative alleles there are, those outside the regions left out. Reads no bases.
std::int64_t count_variants(VariantSourceOptions const& options);

/// Visits them in the order of the file up to the last of `range`; those before the range come
/// empty, with nothing read for them. Errors name file and place: a contig that the reference has
/// not, a REF that differs from it, a place behind a contig's end.
void for_each_variant(VariantSourceOptions const& options, RecordRange const& range,
                      std::function<void(VariantPlace const&)> const& visit);

}  // namespace dnagpt
