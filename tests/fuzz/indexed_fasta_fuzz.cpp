#include <algorithm>

#include "dnagpt/genome/indexed_fasta.hpp"
#include "fuzz_input.hpp"
#include "harness/temporary_folder.hpp"

using namespace dnagpt;

namespace {

constexpr std::int64_t longest_window = 10'000;

void read_ends(IndexedFasta const& fasta, std::string const& contig) {
    std::int64_t const length = fasta.length(contig);
    std::int64_t const window = std::min(length, longest_window);
    fuzz::read_or_error([&] { fasta.codes({contig, 0, window}); });
    fuzz::read_or_error([&] { fasta.codes({contig, length - window, length}); });
}

}  // namespace

/// htslib itself loses the text of an index that it refuses.
extern "C" char const* __lsan_default_suppressions() {
    return "leak:libhts";
}

/// The FASTA file, NUL, its index; without NUL the index is made.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    static testing::TemporaryFolder const folder;
    auto const parts = fuzz::parts_of(fuzz::text_of(data, size));
    std::string const path = folder.write("genome.fa", parts[0]);
    std::filesystem::remove(path + ".fai");
    if (parts.size() > 1) {
        folder.write("genome.fa.fai", parts[1]);
    }
    fuzz::read_or_error([&] {
        IndexedFasta const fasta(path);
        for (std::string const& contig : fasta.contigs()) {
            read_ends(fasta, contig);
        }
    });
    return 0;
}
