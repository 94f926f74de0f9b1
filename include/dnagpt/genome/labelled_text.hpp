#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dnagpt {

/// A sequence and the class that its file gives it.
struct LabelledRecord {
    std::string id;                   ///< name of the FASTA record, or "<file name>:<row>"
    std::vector<std::uint8_t> codes;  ///< base codes 0 .. 4 (N A G C T), not empty
    std::string label;
    std::string place;  ///< file and row, or file and record, for messages
};

/// What a file of sequences held.
struct LabelledFile {
    std::vector<LabelledRecord> records;
    /// The letter that ended every row and was taken off: P (positive) or N; '\0' for none.
    char label_letter = '\0';
};

/// Sequences that all have one label: FASTA, or one sequence a line. A letter P or N that ends
/// every line of a file is a label letter, not a base. Plain or gzip; empty lines are left out.
/// Error naming file and row: a sequence that is empty or holds no nucleotide code, no record.
LabelledFile read_sequences(std::string const& path, std::string const& label);

/// A table with the columns sequence and label, separated by commas (fields may be quoted) or tabs,
/// with or without a head line; other columns are allowed where a head line names those two. Errors
/// as above, and for a row without both or without a label.
std::vector<LabelledRecord> read_labelled_table(std::string const& path);

/// The fields of one line; a comma or tab between quotes does not separate.
std::vector<std::string> split_fields(std::string_view line, char separator);

/// The base codes of a sequence that stands in a row of `path`; Error naming both when it is empty
/// or holds a letter that is no nucleotide code.
std::vector<std::uint8_t> sequence_field(std::string const& path, std::int64_t row,
                                         std::string_view letters);

}  // namespace dnagpt
