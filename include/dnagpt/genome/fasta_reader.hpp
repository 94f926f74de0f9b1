#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

struct BGZF;

namespace dnagpt {

/// The header line of a record: `>name description`. A record without a name is called record_<n>,
/// n counted from 1.
struct FastaRecord {
    std::string name;
    std::string description;
};

/// A record held whole.
struct FastaSequence {
    FastaRecord record;
    /// Base codes 0 .. 4 (N A G C T).
    std::vector<std::uint8_t> codes;
};

/// Reads FASTA as a stream: plain, gzip and BGZF, any line width and line ends, blank lines, in
/// memory that does not depend on the length of a record. Bases are normalised as by
/// normalise_bases. Errors name file, record and 1-based position: what cannot be opened, is no
/// FASTA (FASTQ and 2bit name their converter), holds a letter that is no nucleotide code, or is
/// compressed and damaged or cut short.
class FastaReader {
  public:
    explicit FastaReader(std::string path);

    /// Goes to the next record, past what is left of the present one; false at the end of the file.
    bool next_record(FastaRecord& record);
    /// Base codes of the present record's next bases; fewer than codes.size() only at its end,
    /// then 0.
    std::size_t read_bases(std::span<std::uint8_t> codes);

    /// Size of the file and bytes of it read so far, as stored (compressed); for progress.
    [[nodiscard]] std::uint64_t file_size() const { return file_size_; }
    [[nodiscard]] std::uint64_t file_position() const;

  private:
    struct CloseFile {
        void operator()(BGZF* file) const;
    };

    void open();
    void check_first_bytes();
    void check_format();
    bool fill();
    bool skip_blanks();
    void skip_line();
    std::string read_header_line();
    std::size_t read_piece(std::span<std::uint8_t> codes);
    [[noreturn]] void throw_bad_letter(char letter) const;
    [[nodiscard]] std::string place() const;

    std::string path_;
    std::unique_ptr<BGZF, CloseFile> file_;
    int descriptor_ = -1;
    std::uint64_t file_size_ = 0;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    bool at_line_start_ = true;
    std::string name_;
    std::uint64_t records_ = 0;
    std::uint64_t bases_ = 0;
};

/// All records of a file that is small against memory.
std::vector<FastaSequence> read_whole_fasta(std::string const& path);

}  // namespace dnagpt
