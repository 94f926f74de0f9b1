#include "dnagpt/eval/variant_source.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "dnagpt/core/check.hpp"
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
        }
    }

    /// Whether a record is asked for.
    bool asked(VariantRecord const& record) {
        if (!regions_) {
            return true;
        }
        auto const contig = aliases_.find(record.contig, regions_->contigs());
        return contig && regions_->overlap({*contig, record.position, end_of(record)});
    }

    /// Finds the record in the reference; Error where its REF does not stand there.
    void check(VariantReader const& reader, VariantRecord const& record) {
        std::string const& contig = reference_contig(reader, record);
        DNAGPT_VALIDATE(end_of(record) <= reference_.length(contig),
                        << reader.place() << " lies behind the end of " << contig << " in "
                        << reference_.path() << " (" << reference_.length(contig)
                        << " bases); give the reference that the variants were called on");
        auto const stands = reference_.codes({contig, record.position, end_of(record)});
        auto const written = base_codes(record.reference);
        auto const differs = std::ranges::mismatch(stands, written).in1 - stands.begin();
        DNAGPT_VALIDATE(differs == std::ssize(stands),
                        << reader.place() << ": base " << differs + 1 << " of REF is "
                        << record.reference[static_cast<std::size_t>(differs)] << ", but " << contig
                        << " of " << reference_.path() << " has "
                        << base_letters[stands[static_cast<std::size_t>(differs)]]
                        << " at position " << record.position + differs + 1
                        << "; give the reference that the variants were called on");
    }

    /// One alternative allele of a record that was checked.
    VariantPlace place(VariantReader const& reader, VariantRecord const& record,
                       std::string const& alternative) {
        VariantPlace place{record.contig,
                           record.position,
                           record.id,
                           record.reference,
                           alternative,
                           allele_status(record.reference, alternative),
                           {},
                           0,
                           0,
                           {}};
        if (place.status != "ok") {
            return place;
        }
        std::string const& contig = reference_contig(reader, record);
        auto const shared = shared_prefix(record.reference, alternative);
        std::int64_t const begin = record.position + shared;
        std::int64_t const from = std::max<std::int64_t>(0, begin - options_.flank);
        std::int64_t const to =
            std::min(end_of(record) + options_.flank, reference_.length(contig));
        place.around = reference_.codes({contig, from, to});
        place.left = begin - from;
        place.removed = end_of(record) - begin;
        place.added = base_codes(alternative.substr(static_cast<std::size_t>(shared)));
        return place;
    }

  private:
    static std::int64_t end_of(VariantRecord const& record) {
        return record.position + std::ssize(record.reference);
    }

    std::string const& reference_contig(VariantReader const& reader, VariantRecord const& record) {
        auto const known = names_.find(record.contig);
        if (known != names_.end()) {
            return known->second;
        }
        auto const found = aliases_.find(record.contig, reference_.contigs());
        DNAGPT_VALIDATE(found.has_value(),
                        << reader.place() << ": " << reference_.path() << " has no contig '"
                        << record.contig << "' (its first is '" << reference_.contigs().front()
                        << "'); name those that are the same with --contig-aliases");
        return names_.emplace(record.contig, *found).first->second;
    }

    VariantSourceOptions const& options_;
    IndexedFasta reference_;
    ContigAliases aliases_;
    std::optional<BedRegions> regions_;
    std::map<std::string, std::string> names_;  ///< of the reference, by that of the variants
};

}  // namespace

void for_each_variant(VariantSourceOptions const& options,
                      std::function<void(VariantPlace const&)> const& visit) {
    Surroundings surroundings(options);
    VariantReader reader(options.vcf);
    VariantRecord record;
    while (reader.next_record(record)) {
        if (!surroundings.asked(record)) {
            continue;
        }
        surroundings.check(reader, record);
        if (record.alternatives.empty()) {
            visit(surroundings.place(reader, record, "."));
        }
        for (std::string const& alternative : record.alternatives) {
            visit(surroundings.place(reader, record, alternative));
        }
    }
}

}  // namespace dnagpt
