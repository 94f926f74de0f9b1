#include "dnagpt/data/phased_variants.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/genome/variant_reader.hpp"

namespace dnagpt {
namespace {

VariantReader open_reader(std::string const& path, std::optional<GenomeRegion> const& region) {
    return region ? VariantReader(path, *region) : VariantReader(path);
}

/// Columns of the samples that are kept.
std::vector<std::size_t> sample_places(VariantReader const& reader,
                                       std::vector<std::string> const& wanted) {
    std::vector<std::string> const& all = reader.samples();
    DNAGPT_VALIDATE(!all.empty(), << reader.path()
                                  << " has no samples (haplotypes come from genotypes); take a "
                                     "file with phased genotypes");
    std::vector<std::size_t> places;
    std::set<std::string> seen;
    for (std::string const& name : wanted.empty() ? all : wanted) {
        auto const place = std::ranges::find(all, name);
        DNAGPT_VALIDATE(place != all.end(), << reader.path() << " has no sample '" << name
                                            << "' (the first of its " << all.size() << " is '"
                                            << all.front() << "'); correct --samples");
        DNAGPT_VALIDATE(seen.insert(name).second,
                        << "the sample '" << name << "' is named twice; name each once");
        places.push_back(static_cast<std::size_t>(place - all.begin()));
    }
    return places;
}

std::string genotype_fault(Genotype const& genotype) {
    if (genotype.ploidy != 2) {
        return genotype.ploidy == 1 ? "is haploid (two haplotypes a person are needed)"
                                    : "has more than two alleles a person";
    }
    if (genotype.first == Genotype::missing || genotype.second == Genotype::missing) {
        return "is missing";
    }
    return genotype.phased ? "" : "is not phased (written with / for |)";
}

void require_phased(VariantReader const& reader, std::string const& sample,
                    Genotype const& genotype) {
    std::string const fault = genotype_fault(genotype);
    DNAGPT_VALIDATE(fault.empty(), << reader.place() << ": the genotype of sample " << sample << " "
                                   << fault
                                   << "; phase and impute the file, or leave samples or sites out");
}

/// Tells whether the record becomes a site, and counts it otherwise.
bool is_site(VariantRecord const& record, PhasedVariants& variants) {
    if (is_biallelic_snp(record)) {
        bool const again = !variants.sites.empty() &&
                           variants.sites.back().position == record.position &&
                           variants.sites.back().contig == record.contig;
        variants.same_place += again ? 1 : 0;
        return !again;
    }
    std::int64_t& reason = record.alternatives.empty()      ? variants.no_alternative
                           : record.alternatives.size() > 1 ? variants.many_alleles
                                                            : variants.no_snp;
    ++reason;
    return false;
}

}  // namespace

PhasedVariants read_phased_variants(std::string const& path,
                                    std::optional<GenomeRegion> const& region,
                                    std::vector<std::string> const& samples) {
    VariantReader reader = open_reader(path, region);
    auto const places = sample_places(reader, samples);
    PhasedVariants variants;
    for (std::size_t const place : places) {
        std::string const& sample = reader.samples()[place];
        variants.haplotypes.push_back({sample + "_A", sample, {}});
        variants.haplotypes.push_back({sample + "_B", sample, {}});
    }
    std::vector<Genotype> genotypes;
    for (VariantRecord record; reader.next_record(record);) {
        if (!is_site(record, variants)) {
            continue;
        }
        reader.read_genotypes(genotypes);
        for (std::size_t i = 0; i < places.size(); ++i) {
            Genotype const& genotype = genotypes[places[i]];
            require_phased(reader, reader.samples()[places[i]], genotype);
            variants.haplotypes[2 * i].codes.push_back(allele_code(genotype.first));
            variants.haplotypes[2 * i + 1].codes.push_back(allele_code(genotype.second));
        }
        variants.sites.push_back({record.contig, record.position, record.id, record.reference,
                                  record.alternatives.front()});
    }
    DNAGPT_VALIDATE(!variants.sites.empty(),
                    << path << " has no biallelic SNP" << (region ? " in the region" : "")
                    << "; check the file" << (region ? " and --region" : ""));
    return variants;
}

}  // namespace dnagpt
