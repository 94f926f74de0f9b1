#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dnagpt/genome/genome_region.hpp"

namespace dnagpt {

/// Where the transcription of a gene starts.
struct TranscriptionStart {
    std::string gene;
    std::string contig;
    std::int64_t position = 0;  ///< 0-based, of the first base that is transcribed
    bool reverse = false;       ///< the gene lies on the minus strand
    std::int64_t row = 0;       ///< its line in the file, counted from 1
};

/// Reads BED6 (more columns are allowed): the name is the gene, the start is the entry's first base
/// on the plus strand and its last on the minus strand. Lines of comments, `track` and `browser`
/// are left out. Errors name file and row: fewer columns, places that are no places, a strand that
/// is neither + nor -, no entry.
std::vector<TranscriptionStart> read_transcription_starts(std::string const& path);

/// Bases before and from a place on.
struct WindowShape {
    std::int64_t up = 7000;
    std::int64_t down = 3500;
};

/// Base codes [middle - up, middle + down), N where the sequence has none.
std::vector<std::uint8_t> window_around(std::span<std::uint8_t const> codes, std::int64_t middle,
                                        WindowShape shape);
/// Where a gene's window lies; it may reach past the contig's ends.
GenomeRegion window_region(TranscriptionStart const& start, WindowShape shape);
/// The window of a gene in its direction of transcription: base `up` of it is the first that is
/// transcribed. `contig` holds the base codes of the whole contig.
std::vector<std::uint8_t> window_at(std::span<std::uint8_t const> contig,
                                    TranscriptionStart const& start, WindowShape shape);

/// The windows of `starts`, in their order, empty where no file has the contig; holds one contig at
/// a time. Errors: a start behind its contig's end (named by `starts_path` and row), two records of
/// one name, what FastaReader does not read.
std::vector<std::vector<std::uint8_t>> cut_windows(std::vector<std::string> const& fasta_paths,
                                                   std::string const& starts_path,
                                                   std::span<TranscriptionStart const> starts,
                                                   WindowShape shape);

}  // namespace dnagpt
