#include "dnagpt/genome/fasta_reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <htslib/bgzf.h>
#include <htslib/hts_log.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/control_letters.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"

namespace dnagpt {

namespace {

/// One block of htslib: a read that fails loses no more than this.
constexpr std::size_t buffer_bytes = std::size_t{64} << 10;
constexpr std::size_t longest_header = std::size_t{1} << 20;
constexpr int compression_is_bgzf = 2;

/// First bytes of files that people take for a FASTA.
struct KnownFormat {
    std::string_view magic;
    std::string_view name;
    std::string_view suggestion;
};
constexpr std::array known_formats = {
    KnownFormat{"@", "a FASTQ file", "convert it with `seqtk seq -a reads.fastq > reads.fa`"},
    KnownFormat{"\x43\x27\x41\x1A", "a 2bit file",
                "convert it with `twoBitToFa genome.2bit genome.fa`"},
    KnownFormat{"\x1A\x41\x27\x43", "a 2bit file",
                "convert it with `twoBitToFa genome.2bit genome.fa`"},
    KnownFormat{"\x1F\x8B", "a gzip file that is cut short or damaged, or compressed twice",
                "fetch it again and check it with `gzip -t`"},
    KnownFormat{"\xFD"
                "7zXZ",
                "compressed by xz", "decompress it with `xz -d` or use gzip"},
    KnownFormat{"BZh", "compressed by bzip2", "decompress it with `bzip2 -d` or use gzip"},
    KnownFormat{"\x28\xB5\x2F\xFD", "compressed by zstd",
                "decompress it with `zstd -d` or use gzip"},
    KnownFormat{"PK\x03\x04", "a zip archive", "unpack it with `unzip`"},
    KnownFormat{"LOCUS", "a GenBank file", "fetch the FASTA of the same assembly"},
    KnownFormat{"BAM\x01", "a BAM file", "convert it with `samtools fasta`"},
};

bool is_blank(char letter) {
    return letter == ' ' || letter == '\t' || letter == '\r';
}

std::string letter_text(char letter) {
    auto const byte = static_cast<unsigned char>(letter);
    return byte > 0x20 && byte < 0x7F ? fmt::format("'{}'", letter)
                                      : fmt::format("byte 0x{:02X}", byte);
}

}  // namespace

void FastaReader::CloseFile::operator()(BGZF* file) const {
    bgzf_close(file);
}

FastaReader::FastaReader(std::string path) : path_(std::move(path)), buffer_(buffer_bytes) {
    open();
    check_first_bytes();
    check_format();
}

/// Opens by descriptor: htslib itself would take names such as `-` or `http://...` for streams.
void FastaReader::open() {
    hts_set_log_level(HTS_LOG_OFF);
    int const descriptor = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    DNAGPT_VALIDATE(descriptor >= 0, << path_ << ": the file cannot be opened ("
                                     << std::strerror(errno)
                                     << "); check its path and permissions");
    struct stat status {};
    bool const is_folder = ::fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode);
    if (!is_folder) {
        file_.reset(bgzf_dopen(descriptor, "r"));
    }
    if (file_ == nullptr) {
        ::close(descriptor);
    }
    DNAGPT_VALIDATE(
        !is_folder, << path_ << ": this is a folder (a FASTA file is needed); name the file");
    DNAGPT_VALIDATE(file_ != nullptr,
                    << path_
                    << ": the file cannot be read (its head is damaged); fetch it again and "
                       "check it with `gzip -t`");
    descriptor_ = descriptor;
    file_size_ = S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
}

void FastaReader::check_first_bytes() {
    if (bgzf_compression(file_.get()) == compression_is_bgzf) {
        DNAGPT_VALIDATE(bgzf_check_EOF(file_.get()) != 0,
                        << path_
                        << ": the file is cut short (BGZF without its closing block); fetch it "
                           "again and check it with `gzip -t`");
    }
    DNAGPT_VALIDATE(fill(), << path_
                            << ": the file holds nothing (a FASTA record starts with '>'); make "
                               "or fetch it again");
    while (end_ < 16 && fill()) {
    }
}

void FastaReader::check_format() {
    std::string_view const head(buffer_.data(), end_);
    for (KnownFormat const& format : known_formats) {
        DNAGPT_VALIDATE(!head.starts_with(format.magic), << path_ << ": this is " << format.name
                                                         << " (FASTA is needed); "
                                                         << format.suggestion);
    }
    DNAGPT_VALIDATE(skip_blanks(),
                    << path_
                    << ": the file holds only blanks (a FASTA record starts with '>'); make or "
                       "fetch it again");
    DNAGPT_VALIDATE(buffer_[begin_] == '>',
                    << path_ << ": this is no FASTA file (it starts with "
                    << letter_text(buffer_[begin_])
                    << ", a record with '>'); give the path of a FASTA file, plain or gzip");
    at_line_start_ = true;
}

std::string FastaReader::place() const {
    return records_ == 0 ? path_ + ": before the first record"
                         : fmt::format("{}: record '{}', position {}", path_, name_, bases_ + 1);
}

/// Appends to the unread bytes of the buffer; false at the end of the file.
bool FastaReader::fill() {
    if (begin_ == end_) {
        begin_ = end_ = 0;
    }
    DNAGPT_EXPECT(end_ < buffer_.size());
    ssize_t const count = bgzf_read(file_.get(), buffer_.data() + end_, buffer_.size() - end_);
    DNAGPT_VALIDATE(
        count >= 0, << place()
                    << " or soon after: the file cannot be read on (it is cut short or damaged, or "
                       "its disk fails); fetch it again and check it with `gzip -t`");
    end_ += static_cast<std::size_t>(count);
    return count > 0;
}

/// Goes to the next byte that is neither blank nor line end; false at the end of the file.
bool FastaReader::skip_blanks() {
    while (begin_ < end_ || fill()) {
        char const letter = buffer_[begin_];
        if (!is_blank(letter) && letter != '\n') {
            return true;
        }
        ++begin_;
    }
    return false;
}

void FastaReader::skip_line() {
    at_line_start_ = false;
    while (!at_line_start_ && (begin_ < end_ || fill())) {
        auto const* newline =
            static_cast<char const*>(std::memchr(buffer_.data() + begin_, '\n', end_ - begin_));
        at_line_start_ = newline != nullptr;
        begin_ = at_line_start_ ? static_cast<std::size_t>(newline - buffer_.data()) + 1 : end_;
    }
}

/// The line from '>' on, without its end.
std::string FastaReader::read_header_line() {
    std::string line;
    at_line_start_ = false;
    while (!at_line_start_ && (begin_ < end_ || fill())) {
        char const* first = buffer_.data() + begin_;
        auto const* newline = static_cast<char const*>(std::memchr(first, '\n', end_ - begin_));
        at_line_start_ = newline != nullptr;
        std::size_t const size =
            at_line_start_ ? static_cast<std::size_t>(newline - first) : end_ - begin_;
        DNAGPT_VALIDATE(line.size() + size <= longest_header,
                        << path_ << ": the header of record " << records_
                        << " is longer than 1 MiB (line ends are missing); check the file");
        line.append(first, size);
        begin_ += size + (at_line_start_ ? 1 : 0);
    }
    while (!line.empty() && is_blank(line.back())) {
        line.pop_back();
    }
    DNAGPT_VALIDATE(line.find('\r') == std::string::npos,
                    << path_ << ": the header of record " << records_
                    << " holds a carriage return (line ends of old Macintosh files); convert them "
                       "with `tr '\\r' '\\n'`");
    return line;
}

bool FastaReader::next_record(FastaRecord& record) {
    while (begin_ < end_ || fill()) {
        if (!at_line_start_ || buffer_[begin_] != '>') {
            skip_line();
            continue;
        }
        ++records_;
        name_ = fmt::format("record_{}", records_);
        bases_ = 0;
        std::string const line = read_header_line();
        constexpr std::string_view blanks = " \t";
        auto const first = std::min(line.find_first_not_of(blanks, 1), line.size());
        auto const last = std::min(line.find_first_of(blanks, first), line.size());
        auto const rest = std::min(line.find_first_not_of(blanks, last), line.size());
        if (last > first) {
            name_ = line.substr(first, last - first);
        }
        DNAGPT_VALIDATE(std::ranges::none_of(name_, is_control_letter),
                        << path_ << ": the name of record " << records_
                        << " holds a control character (the file is damaged?); rename the record");
        record = {.name = name_, .description = line.substr(rest)};
        return true;
    }
    return false;
}

void FastaReader::throw_bad_letter(char letter) const {
    throw Error(fmt::format(
        "{}: {} is no nucleotide code (allowed are A C G T U N and R Y S W K M B D H V in either "
        "case); correct the record, or take out gaps and protein sequences",
        place(), letter_text(letter)));
}

/// Takes at most one line, or what of it is in the buffer and fits; at least one byte. Returns the
/// number of bases.
std::size_t FastaReader::read_piece(std::span<std::uint8_t> codes) {
    char const* first = buffer_.data() + begin_;
    std::size_t const reach = std::min(end_ - begin_, codes.size());
    auto const* newline = static_cast<char const*>(std::memchr(first, '\n', reach));
    at_line_start_ = newline != nullptr;
    std::size_t const size = at_line_start_ ? static_cast<std::size_t>(newline - first) : reach;
    bool const has_return = at_line_start_ && size > 0 && first[size - 1] == '\r';
    std::size_t const letters = size - (has_return ? 1 : 0);
    std::size_t const count = normalise_bases({first, letters}, codes);
    bases_ += count;
    if (count == letters) {
        begin_ += size + (at_line_start_ ? 1 : 0);
        return count;
    }
    if (!is_blank(first[count])) {
        throw_bad_letter(first[count]);
    }
    begin_ += count + 1;
    at_line_start_ = false;
    return count;
}

std::size_t FastaReader::read_bases(std::span<std::uint8_t> codes) {
    DNAGPT_EXPECT(records_ > 0);
    std::size_t count = 0;
    while (count < codes.size() && (begin_ < end_ || fill())) {
        if (at_line_start_ && buffer_[begin_] == '>') {
            break;
        }
        count += read_piece(codes.subspan(count));
    }
    return count;
}

std::uint64_t FastaReader::file_position() const {
    off_t const position = ::lseek(descriptor_, 0, SEEK_CUR);
    return position < 0 ? 0 : static_cast<std::uint64_t>(position);
}

std::vector<FastaSequence> read_whole_fasta(std::string const& path) {
    FastaReader reader(path);
    std::vector<FastaSequence> sequences;
    std::vector<std::uint8_t> chunk(buffer_bytes);
    for (FastaRecord record; reader.next_record(record);) {
        FastaSequence& sequence = sequences.emplace_back();
        sequence.record = std::move(record);
        while (std::size_t const count = reader.read_bases(chunk)) {
            sequence.codes.insert(sequence.codes.end(), chunk.begin(),
                                  chunk.begin() + static_cast<std::ptrdiff_t>(count));
        }
    }
    return sequences;
}

}  // namespace dnagpt
