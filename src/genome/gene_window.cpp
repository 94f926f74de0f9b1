#include "dnagpt/genome/gene_window.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "dnagpt/core/check.hpp"
#include "dnagpt/genome/bed_file.hpp"
#include "dnagpt/genome/fasta_reader.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"

namespace dnagpt {
namespace {

constexpr std::size_t piece_bases = std::size_t{1} << 16;

constexpr BedColumns bed6 = {6, "BED6 has contig, start, end, gene, score and strand"};

TranscriptionStart start_of(std::string const& path, BedEntry const& entry) {
    std::string const& gene = entry.fields[3];
    std::string const& strand = entry.fields[5];
    DNAGPT_VALIDATE(strand == "+" || strand == "-",
                    << path << " row " << entry.row << ": the strand is '" << strand
                    << "' (the window depends on it); write + or -");
    DNAGPT_VALIDATE(!gene.empty(), << path << " row " << entry.row
                                   << ": the gene is missing; give it, or take the row out");
    bool const reverse = strand == "-";
    GenomeRegion const& region = entry.region;
    return {gene, region.contig, reverse ? region.end - 1 : region.begin, reverse, entry.row};
}

std::vector<std::uint8_t> read_record(FastaReader& reader) {
    std::vector<std::uint8_t> codes;
    std::vector<std::uint8_t> piece(piece_bases);
    while (std::size_t const count = reader.read_bases(piece)) {
        codes.insert(codes.end(), piece.begin(),
                     piece.begin() + static_cast<std::ptrdiff_t>(count));
    }
    return codes;
}

/// Numbers of the starts of each contig.
std::map<std::string, std::vector<std::size_t>> starts_by_contig(
    std::span<TranscriptionStart const> starts) {
    std::map<std::string, std::vector<std::size_t>> by_contig;
    for (std::size_t i = 0; i < starts.size(); ++i) {
        by_contig[starts[i].contig].push_back(i);
    }
    return by_contig;
}

}  // namespace

std::vector<TranscriptionStart> read_transcription_starts(std::string const& path) {
    std::vector<TranscriptionStart> starts;
    for_each_bed_entry(path, bed6,
                       [&](BedEntry const& entry) { starts.push_back(start_of(path, entry)); });
    return starts;
}

std::vector<std::uint8_t> window_around(std::span<std::uint8_t const> codes, std::int64_t middle,
                                        WindowShape shape) {
    auto const length = static_cast<std::int64_t>(codes.size());
    std::int64_t const begin = middle - shape.up;
    std::int64_t const first = std::clamp<std::int64_t>(begin, 0, length);
    std::int64_t const last = std::clamp<std::int64_t>(middle + shape.down, first, length);
    std::vector<std::uint8_t> window(static_cast<std::size_t>(shape.up + shape.down), 0);
    std::copy(codes.begin() + first, codes.begin() + last,
              window.begin() + std::clamp<std::int64_t>(first - begin, 0, shape.up + shape.down));
    return window;
}

GenomeRegion window_region(TranscriptionStart const& start, WindowShape shape) {
    // on the minus strand upstream lies at higher places, and the start itself belongs downstream
    return start.reverse
               ? GenomeRegion{start.contig, start.position + 1 - shape.down,
                              start.position + 1 + shape.up}
               : GenomeRegion{start.contig, start.position - shape.up, start.position + shape.down};
}

std::vector<std::uint8_t> window_at(std::span<std::uint8_t const> contig,
                                    TranscriptionStart const& start, WindowShape shape) {
    if (!start.reverse) {
        return window_around(contig, start.position, shape);
    }
    auto window = window_around(contig, start.position + 1, {shape.down, shape.up});
    reverse_complement_bases(window);
    return window;
}

std::vector<std::vector<std::uint8_t>> cut_windows(std::vector<std::string> const& fasta_paths,
                                                   std::string const& starts_path,
                                                   std::span<TranscriptionStart const> starts,
                                                   WindowShape shape) {
    auto const by_contig = starts_by_contig(starts);
    std::vector<std::vector<std::uint8_t>> windows(starts.size());
    std::set<std::string> seen;
    for (std::string const& path : fasta_paths) {
        FastaReader reader(path);
        for (FastaRecord record; reader.next_record(record);) {
            auto const wanted = by_contig.find(record.name);
            if (wanted == by_contig.end()) {
                continue;
            }
            DNAGPT_VALIDATE(seen.insert(record.name).second,
                            << path << " holds a second record '" << record.name
                            << "' (a contig stands once); take one out");
            auto const codes = read_record(reader);
            for (std::size_t const number : wanted->second) {
                TranscriptionStart const& start = starts[number];
                DNAGPT_VALIDATE(start.position < static_cast<std::int64_t>(codes.size()),
                                << starts_path << " row " << start.row << ": place "
                                << start.position << " lies behind the end of '" << record.name
                                << "' (" << codes.size() << " bases in " << path
                                << "); take the genes and the genome of one assembly");
                windows[number] = window_at(codes, start, shape);
            }
        }
    }
    return windows;
}

}  // namespace dnagpt
