#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dnagpt/data/splits.hpp"

namespace dnagpt {

inline constexpr std::int64_t labelled_set_version = 2;

/// What a model is to answer to an example.
enum class AnswerKind : std::uint8_t {
    classes,  ///< one of the set's classes
    number,   ///< one number
    words     ///< the sequence itself, word after word: artificial sequences are drawn later
};
/// "class", "number" or "words".
std::string_view answer_name(AnswerKind answer);
/// The kind called `name`; Error for any other name.
AnswerKind answer_called(std::string_view name);

/// One sequence, or some numbers, or both, and the answer.
struct LabelledExample {
    std::string id;
    std::vector<std::uint8_t> codes;  ///< base codes 0 .. 4 (N A G C T); may be empty
    std::int32_t label = 0;           ///< place in LabelledSet::classes
    std::int32_t group = 0;           ///< examples of one group share a split
    Split split = Split::train;
    std::vector<double> numbers = {};  ///< one for each of LabelledSet::number_names, not scaled
    double target = 0;                 ///< the number to be answered, not scaled
};

/// A place of the genome at which haplotypes differ.
struct HaplotypeSite {
    std::string contig;
    std::int64_t position = 0;  ///< 0-based
    std::string id;             ///< "." where it has none
    std::string reference;      ///< allele 0, written A in the sequences
    std::string alternative;    ///< allele 1, written G

    friend bool operator==(HaplotypeSite const&, HaplotypeSite const&) = default;
};

/// Examples divided into splits: what fine-tuning and its evaluation read.
struct LabelledSet {
    AnswerKind answer = AnswerKind::classes;
    std::vector<std::string> classes;  ///< names, by label; empty for other answers
    char species_token = 'R';
    std::vector<LabelledExample> examples;
    std::string settings;  ///< how it was made, for people
    std::string program_version;
    std::vector<std::string> number_names;  ///< names of each example's numbers
    std::string target_name;                ///< empty unless the answer is a number
    std::vector<HaplotypeSite> sites;       ///< of haplotypes, where the source names them
    std::string path = {};                  ///< the file that it was read from, for messages
};

/// Writes one HDF5 file with our user block (docs/file_formats.md) under a temporary name, then
/// renames it: nothing half-written bears the name. Equal sets give equal bytes.
void write_labelled_set(std::string const& path, LabelledSet const& set);
/// Error for damage, another kind of file or another version.
LabelledSet read_labelled_set(std::string const& path);

/// One number for all bytes of a set's file: its identity in a checkpoint.
std::uint64_t labelled_set_digest(std::string const& path);

/// Verifies the file and tells whether it is a labelled set; Error for a damaged file or one that
/// is not ours.
bool is_labelled_set(std::string const& path);

/// Number of examples by split and class; one class where the answer is no class.
std::vector<std::vector<std::int64_t>> count_examples(LabelledSet const& set);

}  // namespace dnagpt
