#include "dnagpt/data/hapt_file.hpp"
#include "dnagpt/data/labelled_set.hpp"
#include "fuzz_input.hpp"

using namespace dnagpt;

namespace {

void read_haplotypes(std::string const& path) {
    std::vector<LabelledExample> examples;
    for (Haplotype& haplotype : read_hapt(path)) {
        fuzz::require(!haplotype.person.empty(), "a haplotype has a person");
        examples.push_back({.id = haplotype.id, .codes = std::move(haplotype.codes)});
    }
    fuzz::require(examples.size() % 2 == 0, "a person has two haplotypes");
    count_monomorphic(examples);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::MemoryFile const file(fuzz::text_of(data, size));
    fuzz::read_or_error([&] { read_haplotypes(file.path()); });
    fuzz::read_or_error([&] {
        for (HaplotypeSite const& site : read_legend(file.path())) {
            fuzz::require(site.position >= 0 && !site.id.empty(), "a site has a place and an id");
        }
    });
    return 0;
}
