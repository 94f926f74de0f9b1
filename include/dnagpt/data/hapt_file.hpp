#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/data/labelled_set.hpp"

namespace dnagpt {

/// One of a person's two haplotypes.
struct Haplotype {
    std::string id;  ///< `<person>_A` or `<person>_B`
    std::string person;
    std::vector<std::uint8_t> codes;  ///< one base code a site: A for allele 0, G for allele 1
};

/// The base code that stands for allele 0 or 1.
std::uint8_t allele_code(std::int32_t allele);

/// Reads a .hapt file, plain or gzip: on each row a tag, an id and an allele 0 or 1 for each site,
/// separated by blanks. Errors name file and row: an id that ends in neither _A nor _B or stands
/// twice, a field that is no allele, rows of different length, a person with one haplotype, no row.
std::vector<Haplotype> read_hapt(std::string const& path);

/// Reads the sites of a .hapt file: a table with a head line and the columns contig (or chrom,
/// chr), position (or pos; counted from 1), id (or rsid; may be left out), ref (or reference, a0)
/// and alt (or alternative, a1). Errors name file and row.
std::vector<HaplotypeSite> read_legend(std::string const& path);

/// Sites at which all haplotypes have one allele.
std::int64_t count_monomorphic(std::vector<LabelledExample> const& haplotypes);

}  // namespace dnagpt
