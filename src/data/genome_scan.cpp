#include "dnagpt/data/genome_scan.hpp"

#include <fnmatch.h>
#include <glob.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <iterator>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/hash.hpp"
#include "dnagpt/data/short_records.hpp"
#include "dnagpt/genome/fasta_reader.hpp"
#include "dnagpt/io/durable_file.hpp"

namespace dnagpt {
namespace {

constexpr std::int64_t shortest_gap = 100;
constexpr std::size_t piece_bases = std::size_t{1} << 20;
constexpr std::int64_t checksum_bytes = std::int64_t{4} << 20;
constexpr std::size_t examples_shown = 3;

/// What the description of a record outside the primary assembly says.
constexpr std::array<char const*, 4> secondary_patterns = {"*alternate locus*", "*alt_ref_loci*",
                                                           "*patch of type*", "* patches"};

bool matches_any(std::vector<std::string> const& patterns, std::string const& name,
                 std::string const& description) {
    return std::any_of(patterns.begin(), patterns.end(), [&](std::string const& pattern) {
        return fnmatch(pattern.c_str(), name.c_str(), FNM_CASEFOLD) == 0 ||
               fnmatch(pattern.c_str(), description.c_str(), FNM_CASEFOLD) == 0;
    });
}

bool is_index(std::string const& path) {
    return path.ends_with(".fai") || path.ends_with(".gzi");
}

std::vector<std::string> matching_files(std::string const& pattern) {
    ::glob_t matches{};
    std::vector<std::string> files;
    if (::glob(pattern.c_str(), GLOB_BRACE, nullptr, &matches) == 0) {
        for (std::size_t i = 0; i < matches.gl_pathc; ++i) {
            if (!is_index(matches.gl_pathv[i])) {
                files.emplace_back(matches.gl_pathv[i]);
            }
        }
    }
    ::globfree(&matches);
    return files;
}

void check_folder(std::string const& folder) {
    std::error_code error;
    std::filesystem::directory_iterator const entries(folder, error);
    DNAGPT_VALIDATE(!error, << "the genomes' folder " << folder << " cannot be read ("
                            << error.message() << "); give a readable one with --genomes");
}

struct Scanner {
    SpeciesFiles const& species;
    BaseSpool& spool;
    ReadingProgress const& progress;
    ShortRecordGroups short_records;
    std::vector<std::uint8_t> piece = std::vector<std::uint8_t>(piece_bases);
    std::uint64_t told = 0;  ///< bytes of the present file that progress knows of
    GenomeScan scan;
};

void tell_progress(Scanner& scanner, FastaReader const& reader) {
    std::uint64_t const position = reader.file_position();
    scanner.progress(position - scanner.told);
    scanner.told = position;
}

/// Calls take(codes) with the rest of the present record, piece by piece; returns its length.
template <class Take>
std::int64_t read_record(Scanner& scanner, FastaReader& reader, Take&& take) {
    std::int64_t length = 0;
    std::size_t count = 0;
    do {
        count = reader.read_bases(scanner.piece);
        take(std::span<std::uint8_t const>(scanner.piece).first(count));
        length += static_cast<std::int64_t>(count);
        tell_progress(scanner, reader);
    } while (count == scanner.piece.size());
    return length;
}

void leave_out(Scanner& scanner, FastaReader& reader, std::string const& name) {
    GenomeScan& scan = scanner.scan;
    std::int64_t const length = read_record(scanner, reader, [](auto) {});
    if (length == 0) {
        ++scan.empty_records;
        return;
    }
    ++scan.left_out_records;
    scan.left_out_bases += length;
    if (scan.left_out_examples.size() < examples_shown) {
        scan.left_out_examples.push_back(name);
    }
}

void keep_record(Scanner& scanner, FastaReader& reader, std::string const& name) {
    GenomeScan& scan = scanner.scan;
    SourceRecord record;
    record.name = name;
    GapFinder gaps(record.gaps);
    std::vector<std::uint8_t> short_codes;
    std::int64_t const first = scanner.spool.size();
    record.length = read_record(scanner, reader, [&](std::span<std::uint8_t const> codes) {
        gaps.feed(codes);
        if (scanner.spool.size() == first && std::ssize(codes) < short_record_bases) {
            short_codes.assign(codes.begin(), codes.end());
        }
        scanner.spool.append(codes);
    });
    gaps.finish();
    if (record.length == 0) {
        ++scan.empty_records;
        return;
    }
    if (record.length < short_record_bases) {
        scanner.short_records.add(static_cast<std::int32_t>(scan.records.size()), name,
                                  short_codes);
    }
    scan.records.push_back(std::move(record));
    scan.first_bases.push_back(first);
}

void scan_file(Scanner& scanner, std::string const& path) {
    FastaReader reader(path);
    scanner.told = 0;
    for (FastaRecord header; reader.next_record(header);) {
        if (keeps_record(scanner.species.entry, header.name, header.description)) {
            keep_record(scanner, reader, header.name);
        } else {
            leave_out(scanner, reader, header.name);
        }
    }
}

}  // namespace

std::vector<SpeciesFiles> find_species_files(std::vector<SpeciesEntry> const& entries,
                                             std::string const& folder) {
    check_folder(folder);
    std::vector<SpeciesFiles> result;
    for (SpeciesEntry const& entry : entries) {
        SpeciesFiles species{entry, {}, 0};
        for (std::string const& pattern : entry.files) {
            auto const files = matching_files((std::filesystem::path(folder) / pattern).string());
            DNAGPT_VALIDATE(!files.empty(), << "species " << entry.name << ": no file matches '"
                                            << pattern << "' in " << folder
                                            << " (the table lists it); add the file, or take the "
                                            << "species out of the table");
            species.files.insert(species.files.end(), files.begin(), files.end());
        }
        std::sort(species.files.begin(), species.files.end());
        species.files.erase(std::unique(species.files.begin(), species.files.end()),
                            species.files.end());
        for (std::string const& file : species.files) {
            std::error_code error;
            DNAGPT_VALIDATE(std::filesystem::is_regular_file(file, error),
                            << "species " << entry.name << ": " << file
                            << " is no regular file but a folder, a pipe or the like; correct "
                            << "'files' in the table");
            species.bytes += file_length(open_for_reading(file));
        }
        result.push_back(std::move(species));
    }
    return result;
}

bool keeps_record(SpeciesEntry const& entry, std::string const& name,
                  std::string const& description) {
    if (entry.contigs.empty() && entry.exclude_contigs.empty()) {
        return std::none_of(secondary_patterns.begin(), secondary_patterns.end(),
                            [&](char const* pattern) {
                                return fnmatch(pattern, description.c_str(), FNM_CASEFOLD) == 0;
                            });
    }
    return (entry.contigs.empty() || matches_any(entry.contigs, name, description)) &&
           !matches_any(entry.exclude_contigs, name, description);
}

std::string source_checksum(std::vector<std::string> const& files,
                            ReadingProgress const& progress) {
    std::vector<std::uint64_t> digests;
    std::vector<char> buffer(static_cast<std::size_t>(checksum_bytes));
    for (std::string const& path : files) {
        FileDescriptor const file = open_for_reading(path);
        std::int64_t const length = file_length(file);
        digests.push_back(static_cast<std::uint64_t>(length));
        for (std::int64_t at = 0; at < length; at += checksum_bytes) {
            auto const bytes = static_cast<std::size_t>(std::min(checksum_bytes, length - at));
            pread_all(file, buffer.data(), bytes, at);
            digests.push_back(hash_bytes(buffer.data(), bytes));
            progress(bytes);
        }
    }
    return hash_to_hex(hash_bytes(digests.data(), digests.size() * sizeof(digests[0])));
}

GenomeScan scan_genome(SpeciesFiles const& species, BaseSpool& spool,
                       ReadingProgress const& progress) {
    Scanner scanner{
        .species = species, .spool = spool, .progress = progress, .short_records = {}, .scan = {}};
    for (std::string const& path : species.files) {
        scan_file(scanner, path);
    }
    DNAGPT_VALIDATE(!scanner.scan.records.empty(),
                    << "species " << species.entry.name << ": no record is left ("
                    << scanner.scan.left_out_records << " left out by name or description, "
                    << scanner.scan.empty_records
                    << " without sequence); look at 'contigs' and 'exclude_contigs'");
    scanner.scan.groups =
        scanner.short_records.groups(static_cast<std::int32_t>(scanner.scan.records.size()));
    return std::move(scanner.scan);
}

void GapFinder::feed(std::span<std::uint8_t const> codes) {
    std::size_t at = 0;
    while (at < codes.size()) {
        if (run_begin_ < 0) {
            auto const* found = static_cast<std::uint8_t const*>(
                std::memchr(codes.data() + at, 0, codes.size() - at));
            if (found == nullptr) {
                break;
            }
            at = static_cast<std::size_t>(found - codes.data());
            run_begin_ = position_ + static_cast<std::int64_t>(at);
        }
        while (at < codes.size() && codes[at] == 0) {
            ++at;
        }
        if (at < codes.size()) {
            close_run(position_ + static_cast<std::int64_t>(at));
        }
    }
    position_ += static_cast<std::int64_t>(codes.size());
}

void GapFinder::finish() {
    if (run_begin_ >= 0) {
        close_run(position_);
    }
}

void GapFinder::close_run(std::int64_t end) {
    if (end - run_begin_ >= shortest_gap) {
        gaps_.push_back({run_begin_, end});
    }
    run_begin_ = -1;
}

}  // namespace dnagpt
