#include "dnagpt/data/phased_variants.hpp"
#include "dnagpt/genome/variant_reader.hpp"
#include "fuzz_input.hpp"

using namespace dnagpt;

namespace {

void read_records(VariantReader reader) {
    std::vector<Genotype> genotypes;
    for (VariantRecord record; reader.next_record(record);) {
        is_biallelic_snp(record);
        if (!reader.samples().empty()) {
            fuzz::read_or_error([&] { reader.read_genotypes(genotypes); });
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::MemoryFile const file(fuzz::text_of(data, size));
    GenomeRegion const region{"1", 5, 2000};
    fuzz::read_or_error([&] { read_records(VariantReader(file.path())); });
    fuzz::read_or_error([&] { read_records(VariantReader(file.path(), region)); });
    fuzz::read_or_error([&] {
        VariantReader sites(file.path(), VariantColumns::sites);
        for (VariantRecord record; sites.next_record(record);) {
            fuzz::require(!sites.place().empty(), "every record has a place");
        }
    });
    fuzz::read_or_error([&] {
        auto const variants = read_phased_variants(file.path(), std::nullopt, {});
        for (Haplotype const& haplotype : variants.haplotypes) {
            fuzz::require(haplotype.codes.size() == variants.sites.size(), "one allele a site");
        }
    });
    return 0;
}
