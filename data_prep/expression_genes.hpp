#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "commands.hpp"
#include "dnagpt/data/labelled_set.hpp"
#include "dnagpt/genome/gene_window.hpp"
#include "dnagpt/genome/genome_region.hpp"
#include "dnagpt/genome/table_rows.hpp"

namespace dnagpt {

/// Genes as read, before they are grouped and split.
struct GeneSet {
    LabelledSet set;
    std::vector<GenomeRegion> loci;   ///< of each example, or none
    std::int64_t without_target = 0;  ///< genes that were dropped
    std::int64_t incomplete = 0;      ///< the same: a number or the sequence is missing
};

/// Genes of one table that holds id, target and numbers or sequence.
GeneSet read_gene_table(ExpressionOptions const& options);
/// Genes of the tables of targets and features and of the list of transcription starts, joined by
/// id; in the order of the starts, or of the features where there are none.
GeneSet join_genes(ExpressionOptions const& options);

/// Rows of a table by id; Error naming both rows when an id stands twice.
class GeneRows {
  public:
    explicit GeneRows(std::string path) : path_(std::move(path)) {}
    void add(std::string const& id, std::int64_t row);
    std::int64_t count() const { return static_cast<std::int64_t>(rows_.size()); }

  private:
    std::string path_;
    std::map<std::string, std::int64_t> rows_;
};

/// Numbers of a table's columns, some of them as log10(x + 0.1).
class NumberColumns {
  public:
    /// Error when `log10` names none of `columns`.
    NumberColumns(std::string path, std::vector<std::string> columns,
                  std::vector<std::string> const& log10);

    std::vector<std::string> const& columns() const { return columns_; }
    /// The numbers in fields first, first + 1, ..; nothing where one is missing.
    std::vector<std::optional<double>> read(TableRow const& row, std::size_t first) const;
    /// What a set calls the numbers, given the names of their columns in the table.
    std::vector<std::string> names(std::vector<std::string> columns) const;

  private:
    std::string path_;
    std::vector<std::string> columns_;
    std::vector<bool> is_log10_;
};

/// The shape of the windows; Error unless it holds a base.
WindowShape window_shape(ExpressionOptions const& options);

}  // namespace dnagpt
