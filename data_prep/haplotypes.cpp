#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <utility>

#include "commands.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/data/labelled_split.hpp"
#include "dnagpt/data/phased_variants.hpp"
#include "dnagpt/genome/labelled_text.hpp"
#include "dnagpt/genome/text_lines.hpp"
#include "dnagpt/genome/vocabulary.hpp"
#include "set_splits.hpp"

namespace dnagpt {
namespace {

void check_sources(HaplotypesOptions const& options) {
    DNAGPT_VALIDATE(options.hapt.empty() != options.vcf.empty(),
                    << "give one kind of input: --hapt or --vcf");
    DNAGPT_VALIDATE(options.legend.empty() || !options.hapt.empty(),
                    << "--legend belongs to --hapt (a VCF names its sites itself); leave it out");
    DNAGPT_VALIDATE((options.region.empty() && options.samples.empty()) || !options.vcf.empty(),
                    << "--region and --samples choose from a --vcf; leave them out");
}

/// The names in a file, one a line, where there is such a file; otherwise names between commas.
std::vector<std::string> sample_names(std::string const& samples) {
    std::vector<std::string> names;
    if (!samples.empty() && !std::filesystem::is_regular_file(samples)) {
        names = split_fields(samples, ',');
    } else if (!samples.empty()) {
        for_each_line(samples, [&](std::string_view line, std::int64_t) {
            if (!without_blanks(line).empty()) {
                names.emplace_back(without_blanks(line));
            }
        });
        DNAGPT_VALIDATE(!names.empty(), << samples << " names no sample; write one a line");
    }
    return names;
}

PhasedVariants read_hapt_and_legend(HaplotypesOptions const& options) {
    PhasedVariants read;
    read.haplotypes = read_hapt(options.hapt);
    if (!options.legend.empty()) {
        read.sites = read_legend(options.legend);
        DNAGPT_VALIDATE(read.sites.size() == read.haplotypes.front().codes.size(),
                        << options.legend << " names " << read.sites.size() << " sites, "
                        << options.hapt << " has " << read.haplotypes.front().codes.size()
                        << "; give the legend of this file");
    }
    return read;
}

PhasedVariants read_vcf(HaplotypesOptions const& options) {
    auto const region =
        options.region.empty() ? std::nullopt : std::optional(parse_region(options.region));
    PhasedVariants read = read_phased_variants(options.vcf, region, sample_names(options.samples));
    fmt::print(
        "left out  records: {} without alternative, {} with several, {} no SNP, {} at the place of "
        "another\n",
        count_text(read.no_alternative), count_text(read.many_alleles), count_text(read.no_snp),
        count_text(read.same_place));
    return read;
}

/// A group is a person, called by the number of the first haplotype.
LabelledSet make_set(HaplotypesOptions const& options, PhasedVariants read) {
    LabelledSet set;
    set.answer = AnswerKind::words;
    species_token(options.species_token);
    set.species_token = options.species_token;
    set.sites = std::move(read.sites);
    set.settings = split_settings(options.split, options.seed, "person");
    set.program_version = DNAGPT_VERSION;
    std::map<std::string, std::int32_t> persons;
    for (Haplotype& haplotype : read.haplotypes) {
        auto const number = static_cast<std::int32_t>(set.examples.size());
        auto const group = persons.emplace(haplotype.person, number).first->second;
        set.examples.push_back(
            {std::move(haplotype.id), std::move(haplotype.codes), 0, group, Split::train});
    }
    fmt::print("read      {} haplotypes of {} persons\n",
               count_text(static_cast<std::int64_t>(set.examples.size())),
               count_text(static_cast<std::int64_t>(persons.size())));
    return set;
}

}  // namespace

void haplotypes(HaplotypesOptions const& options) {
    check_sources(options);
    auto const shares = split_shares(options.split, EmptySplits::allowed);
    LabelledSet set =
        make_set(options, options.vcf.empty() ? read_hapt_and_legend(options) : read_vcf(options));
    fmt::print("sites     {}, {} of them monomorphic\n",
               count_text(static_cast<std::int64_t>(set.examples.front().codes.size())),
               count_text(count_monomorphic(set.examples)));
    assign_splits(set.examples, shares, options.seed);
    require_filled_splits(set, shares);
    print_split_head("");
    print_split_row("persons", groups_by_split(set));
    print_split_row("haplotypes", examples_by_split(set));
    write_labelled_set(options.output, set);
    fmt::print("wrote     {}\n", options.output);
}

}  // namespace dnagpt
