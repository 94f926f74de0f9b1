#include "dnagpt/eval/variant_source.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <span>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/genome/bed_file.hpp"
#include "dnagpt/genome/contig_aliases.hpp"
#include "dnagpt/genome/indexed_fasta.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "dnagpt/genome/variant_reader.hpp"

namespace dnagpt {
namespace {

/// The files beside the variants.
class Surroundings {
  public:
    explicit Surroundings(VariantSourceOptions const& options)
        : options_(options),
          reference_(options.reference),
          aliases_(options.aliases.empty() ? ContigAliases() : ContigAliases(options.aliases)) {
        if (!options.regions.empty()) {
            regions_.emplace(options.regions);
            for (std::string const& contig : regions_->contigs()) {
                region_names_.emplace(named_in_reference(contig, options.regions), contig);
            }
        }
    }

    /// The reference's name of a record's contig. Error where it has none.
    std::string const& contig_of(VariantReader const& reader, VariantRecord const& record) {
        auto const known = names_.find(record.contig);
        return known != names_.end()
                   ? known->second
                   : names_
                         .emplace(record.contig, named_in_reference(record.contig, reader.place()))
                         .first->second;
    }

    /// Whether a record is asked for.
    bool asked(std::string const& contig, VariantRecord const& record) const {
        auto const [first, last] = region_names_.equal_range(contig);
        return !regions_ || std::any_of(first, last, [&](auto const& names) {
            GenomeRegion const place{names.second, record.position, end_of(record)};
            return regions_->overlap(place);
        });
    }

    /// Error where the record's REF does not stand in the reference. Letters that are no A, C, G or
    /// T on either side are left to the status.
    void check(VariantReader const& reader, std::string const& contig,
               VariantRecord const& record) const {
        if (outside(contig, record)) {
            return;
        }
        DNAGPT_VALIDATE(end_of(record) <= reference_.length(contig),
                        << reader.place() << " lies behind the end of " << contig << " in "
                        << reference_.path() << " (" << reference_.length(contig)
                        << " bases); give the reference that the variants were called on");
        auto const stands = reference_.codes({contig, record.position, end_of(record)});
        auto const written = written_codes(reader, record);
        auto const fits = [](auto one, auto other) { return one == other || one * other == 0; };
        auto const differs = std::ranges::mismatch(stands, written, fits).in1 - stands.begin();
        DNAGPT_VALIDATE(differs == std::ssize(stands),
                        << reader.place() << ": base " << differs + 1 << " of REF is "
                        << record.reference[static_cast<std::size_t>(differs)] << ", but " << contig
                        << " of " << reference_.path() << " has "
                        << base_letters[stands[static_cast<std::size_t>(differs)]]
                        << " at position " << record.position + differs + 1
                        << "; give the reference that the variants were called on");
    }

    /// One alternative allele of a record that was checked.
    VariantPlace place(std::string const& contig, VariantRecord const& record,
                       std::string const& alternative) const {
        VariantPlace place;
        place.contig = record.contig;
        place.position = record.position;
        place.id = record.id;
        place.reference = record.reference;
        place.alternative = alternative;
        place.status = outside(contig, record) ? "outside_contig"
                                               : allele_status(record.reference, alternative);
        if (place.status == "ok") {
            add_surroundings(contig, place);
        }
        return place;
    }

  private:
    static std::int64_t end_of(VariantRecord const& record) {
        return record.position + std::ssize(record.reference);
    }

    /// The ends of a chromosome, which VCF writes as position 0 and as its length + 1.
    bool outside(std::string const& contig, VariantRecord const& record) const {
        return record.position < 0 || record.position == reference_.length(contig);
    }

    static std::vector<std::uint8_t> written_codes(VariantReader const& reader,
                                                   VariantRecord const& record) {
        try {
            return base_codes(record.reference);
        } catch (Error const& error) {
            throw Error(reader.place() + ": REF: " + error.what());
        }
    }

    void add_surroundings(std::string const& contig, VariantPlace& place) const {
        auto const shared = shared_prefix(place.reference, place.alternative);
        std::int64_t const begin = place.position + shared;
        std::int64_t const end = place.position + std::ssize(place.reference);
        std::int64_t const from = std::max<std::int64_t>(0, begin - options_.flank);
        std::int64_t const to = std::min(end + options_.flank, reference_.length(contig));
        place.around = reference_.codes({contig, from, to});
        place.left = begin - from;
        place.removed = end - begin;
        place.added = base_codes(place.alternative.substr(static_cast<std::size_t>(shared)));
        auto const replaced = std::span(place.around)
                                  .subspan(static_cast<std::size_t>(place.left),
                                           static_cast<std::size_t>(place.removed));
        if (std::ranges::find(replaced, 0) != replaced.end()) {
            place.status = "ambiguous_letter";
        }
    }

    std::string named_in_reference(std::string const& contig, std::string const& place) const {
        auto const found = aliases_.find(contig, reference_.contigs());
        DNAGPT_VALIDATE(found.has_value(),
                        << place << ": " << reference_.path() << " has no contig '" << contig
                        << "' (its first is '" << reference_.contigs().front()
                        << "'); name those that are the same with --contig-aliases");
        return *found;
    }

    VariantSourceOptions const& options_;
    IndexedFasta reference_;
    ContigAliases aliases_;
    std::optional<BedRegions> regions_;
    std::multimap<std::string, std::string> region_names_;  ///< by the reference's names
    std::map<std::string, std::string> names_;  ///< of the reference, by that of the variants
};

/// The records that are asked for.
template <class Visit>
void for_each_record(VariantSourceOptions const& options, Surroundings& surroundings,
                     Visit const& visit) {
    VariantReader reader(options.vcf, VariantColumns::sites);
    VariantRecord record;
    while (reader.next_record(record)) {
        if (record.alternatives.empty()) {
            record.alternatives.emplace_back(".");
        }
        std::string const& contig = surroundings.contig_of(reader, record);
        if (surroundings.asked(contig, record) && !visit(reader, contig, record)) {
            return;
        }
    }
}

}  // namespace

std::int64_t count_variants(VariantSourceOptions const& options) {
    Surroundings surroundings(options);
    Progress progress("counting", "variants", 0);
    std::int64_t count = 0;
    for_each_record(options, surroundings, [&](auto const&, auto const&, auto const& record) {
        count += std::ssize(record.alternatives);
        progress.advance(record.alternatives.size());
        return true;
    });
    return count;
}

void for_each_variant(VariantSourceOptions const& options, RecordRange const& range,
                      std::function<void(VariantPlace const&)> const& visit) {
    Surroundings surroundings(options);
    std::int64_t number = 0;
    auto const visit_record = [&](VariantReader const& reader, std::string const& contig,
                                  VariantRecord const& record) {
        if (number + std::ssize(record.alternatives) > range.first) {
            surroundings.check(reader, contig, record);
        }
        for (std::string const& alternative : record.alternatives) {
            visit(number >= range.first ? surroundings.place(contig, record, alternative)
                                        : VariantPlace{});
            ++number;
        }
        return number < range.last;
    };
    for_each_record(options, surroundings, visit_record);
}

}  // namespace dnagpt
