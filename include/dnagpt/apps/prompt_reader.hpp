#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/apps/prompt_question.hpp"
#include "dnagpt/apps/prompt_sources.hpp"
#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/eval/prompt_answers.hpp"
#include "dnagpt/eval/record_blocks.hpp"

namespace dnagpt {

/// Rows of an HDF5 file that each record takes.
struct RowsOfRecord {
    std::int64_t factor = 1;
    bool by_position = false;  ///< as many for each position of its prompt
    bool as_wide = false;      ///< a row has as many columns as the longest prompt has positions
};

/// How much there is to answer.
struct RecordCount {
    RecordRange range;             ///< records of the piece
    std::int64_t rows = 0;         ///< of these records
    std::int64_t rows_before = 0;  ///< of the records of the pieces before
    std::int64_t longest = 0;      ///< prompt of all records (positions) where rows are as wide
};

/// The prompts of a source as records.
class PromptReader {
  public:
    PromptReader(PromptSourceOptions const& source, PromptQuestion const& question,
                 std::int64_t context_length);

    void read(AddRecord const& add) const;
    std::vector<PromptInput> inputs(PromptRecord const& record) const {
        return question_.inputs(record, context_length_);
    }
    /// Reads the source once, on rank 0. Error for standard input. Collective.
    RecordCount count(Piece piece, RowsOfRecord rows, Communicator const& world) const;
    /// The first rows of this rank's records, where `next` is the first row of the round: it is
    /// moved behind the round.
    std::vector<std::int64_t> first_rows(BlockRound const& round, RowsOfRecord rows,
                                         std::int64_t& next) const;

    /// What stands in front of the columns of a table of records, and the same of a record.
    std::string head() const;
    std::string fields(PromptRecord const& record) const;

  private:
    std::int64_t length_of(std::string const& record) const;

    PromptSourceOptions const& source_;
    PromptQuestion const& question_;
    std::int64_t context_length_;
};

/// --prompt, --prompts, --fasta, --table and what belongs to them. Of the group that is returned
/// one option may stand.
CLI::Option_group* add_source_options(CLI::App& command, PromptSourceOptions& source);
/// --task, --template, --species-token.
void add_template_options(CLI::App& command, QuestionOptions& question);
/// Whether anything is asked about.
bool has_source(PromptSourceOptions const& source);

}  // namespace dnagpt
