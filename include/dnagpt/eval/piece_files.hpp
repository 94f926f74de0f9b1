#pragma once

#include <string>
#include <vector>

#include "dnagpt/eval/record_blocks.hpp"

namespace dnagpt {

/// Where a piece of an array writes its share of `path`: "path.piece_2_of_8"; the path itself where
/// there is one piece.
std::string piece_path(std::string const& path, Piece piece);

/// The files of all pieces of `path`, in order. Error where one is missing, none is there, or there
/// are pieces of several arrays.
std::vector<std::string> find_pieces(std::string const& path);

/// Writes `path` from files, one behind the other.
void join_files(std::vector<std::string> const& parts, std::string const& path);

/// Writes `path` from tables with one head: lines that begin with '#' and one more, the columns.
/// Error naming a table with another head.
void join_tables(std::vector<std::string> const& parts, std::string const& path);

}  // namespace dnagpt
