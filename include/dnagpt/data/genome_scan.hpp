#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "dnagpt/config/species_table.hpp"
#include "dnagpt/data/base_spool.hpp"
#include "dnagpt/data/splits.hpp"

namespace dnagpt {

/// A species and the files found for it, sorted by name.
struct SpeciesFiles {
    SpeciesEntry entry;
    std::vector<std::string> files;
    std::int64_t bytes = 0;
};

/// Finds the files of each species below `folder`. Error when a species' glob matches nothing,
/// or something that is no regular file.
std::vector<SpeciesFiles> find_species_files(std::vector<SpeciesEntry> const& entries,
                                             std::string const& folder);

/// Whether a record belongs to the species: its patterns are globs, matched against name and
/// description in either case. Without any pattern alternate loci and patches are left out by their
/// descriptions.
bool keeps_record(SpeciesEntry const& entry, std::string const& name,
                  std::string const& description);

/// What reading a species' files finds.
struct GenomeScan {
    /// All kept records with bases, in file order.
    std::vector<SourceRecord> records;
    /// Groups of the short ones, as plan_splits wants them.
    std::vector<std::int32_t> groups;
    /// Number of each record's first base in the spool.
    std::vector<std::int64_t> first_bases;
    std::int64_t left_out_records = 0;
    std::int64_t left_out_bases = 0;
    std::int64_t empty_records = 0;
    /// A few names of what was left out.
    std::vector<std::string> left_out_examples;
};

/// Called with bytes read since the last call.
using ReadingProgress = std::function<void(std::uint64_t)>;

/// Digest of the files' bytes, hexadecimal; independent of their places.
std::string source_checksum(std::vector<std::string> const& files, ReadingProgress const& progress);

/// Reads all files once and appends the kept records' bases to `spool`; memory does not depend on
/// the length of a record.
GenomeScan scan_genome(SpeciesFiles const& species, BaseSpool& spool,
                       ReadingProgress const& progress);

/// Appends the runs of 100 or more N to `gaps`, fed with a record's bases piece by piece.
class GapFinder {
  public:
    explicit GapFinder(std::vector<BaseRange>& gaps) : gaps_(gaps) {}
    void feed(std::span<std::uint8_t const> codes);
    /// The record has ended.
    void finish();

  private:
    void close_run(std::int64_t end);

    std::vector<BaseRange>& gaps_;
    std::int64_t position_ = 0;
    std::int64_t run_begin_ = -1;
};

}  // namespace dnagpt
