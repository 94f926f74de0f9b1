#include <array>

#include "dnagpt/genome/fasta_reader.hpp"
#include "dnagpt/genome/sequence_windows.hpp"
#include "fuzz_input.hpp"

using namespace dnagpt;

namespace {

std::vector<FastaSequence> read_in_pieces(std::string const& path) {
    FastaReader reader(path);
    std::vector<FastaSequence> sequences;
    std::array<std::uint8_t, 7> piece{};
    for (FastaRecord record; reader.next_record(record);) {
        sequences.push_back({record, {}});
        while (std::size_t const count = reader.read_bases(piece)) {
            sequences.back().codes.insert(sequences.back().codes.end(), piece.begin(),
                                          piece.begin() + count);
        }
    }
    return sequences;
}

void read_windows(std::string const& path) {
    for_each_window(path, window_form(8, 3), [](SequenceWindow const& window) {
        fuzz::require(!window.codes.empty(), "a window holds a base");
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    fuzz::MemoryFile const file(fuzz::text_of(data, size));
    std::vector<FastaSequence> whole;
    std::vector<FastaSequence> pieces;
    bool const is_read = fuzz::read_or_error([&] { whole = read_whole_fasta(file.path()); });
    bool const is_read_again = fuzz::read_or_error([&] { pieces = read_in_pieces(file.path()); });
    fuzz::require(is_read == is_read_again, "pieces of any length are read alike");
    for (std::size_t i = 0; is_read && i < whole.size(); ++i) {
        fuzz::require(whole[i].codes == pieces.at(i).codes, "pieces make up the record");
        fuzz::require(!whole[i].record.name.empty(), "every record has a name");
    }
    fuzz::read_or_error([&] { read_windows(file.path()); });
    return 0;
}
