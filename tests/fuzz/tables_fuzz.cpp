#include "dnagpt/genome/bed_file.hpp"
#include "dnagpt/genome/contig_aliases.hpp"
#include "dnagpt/genome/gene_window.hpp"
#include "dnagpt/genome/labelled_text.hpp"
#include "dnagpt/genome/table_rows.hpp"
#include "fuzz_input.hpp"

using namespace dnagpt;

namespace {

void read_table(std::string const& path, std::vector<std::string> const& columns) {
    for_each_table_row(path, columns, [&](TableRow const& row) {
        fuzz::require(row.fields.size() == columns.size(), "a row has the columns asked for");
        fuzz::read_or_error([&] { number_field(path, row.number, "number", row.fields[0]); });
    });
}

void read_bed(std::string const& path) {
    BedRegions const regions(path);
    for (std::string const& contig : regions.contigs()) {
        regions.overlap({contig, 100, 101});
    }
}

void read_starts(std::string const& path) {
    constexpr WindowShape shape{20, 10};
    std::vector<std::uint8_t> const contig(50, 1);
    for (TranscriptionStart const& start : read_transcription_starts(path)) {
        window_region(start, shape);
        fuzz::require(window_at(contig, start, shape).size() == 30, "a window has its length");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::MemoryFile const file(fuzz::text_of(data, size));
    std::string const& path = file.path();
    fuzz::read_or_error([&] { table_head(path); });
    fuzz::read_or_error([&] { read_table(path, {"sequence", "2"}); });
    fuzz::read_or_error([&] { read_table(path, {"1"}); });
    fuzz::read_or_error([&] { read_labelled_table(path); });
    fuzz::read_or_error([&] { read_sequences(path, "label"); });
    fuzz::read_or_error([&] { read_bed(path); });
    fuzz::read_or_error([&] { read_starts(path); });
    fuzz::read_or_error([&] { ContigAliases(path).same("1", "chr1"); });
    return 0;
}
