#pragma once

#include <functional>
#include <string>

#include "dnagpt/apps/prompt_reader.hpp"
#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/eval/record_blocks.hpp"
#include "dnagpt/eval/row_file.hpp"

namespace dnagpt {

/// An HDF5 file of rows and, beside it, FILE.tsv, which says whose rows stand where.
struct IndexedRows {
    std::string title;    ///< for the progress
    std::string output;   ///< the HDF5 file, without the name of the piece
    std::string columns;  ///< of the table, behind those of the record
    Piece piece;
    RecordRange range;
    /// Writes the rows of a rank's records; gives the lines of the table.
    std::function<std::string(BlockRound const&)> answer;
};

/// Answers the records of `prompts` and finishes both files. Collective.
void write_indexed_rows(IndexedRows const& rows, PromptReader const& prompts, RowFile& file,
                        Communicator const& world);

/// The table beside such a file.
std::string index_path(std::string const& output);

/// Joins the pieces of such files.
void join_indexed_rows(std::string const& output);

}  // namespace dnagpt
