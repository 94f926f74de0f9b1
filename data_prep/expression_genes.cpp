#include "expression_genes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/parse_number.hpp"
#include "dnagpt/genome/labelled_text.hpp"
#include "set_splits.hpp"

namespace dnagpt {
namespace {

/// Keeps the logarithm of 0 finite.
constexpr double log_offset = 0.1;

/// Places of the fields in a row of the table.
struct TableFields {
    std::size_t id = 0;
    std::size_t target = 1;
    std::size_t sequence = 0;  ///< 0: none
    std::size_t locus = 0;     ///< 0: none
    std::size_t numbers = 0;
};

GenomeRegion locus_of(std::string const& path, TableRow const& row, std::size_t first) {
    auto const begin = parse_whole_number(row.fields[first + 1]);
    auto const end = parse_whole_number(row.fields[first + 2]);
    DNAGPT_VALIDATE(!row.fields[first].empty() && begin && end && *begin < *end,
                    << path << " row " << row.number << ": '" << row.fields[first] << "', '"
                    << row.fields[first + 1] << "' and '" << row.fields[first + 2]
                    << "' are no contig, start and end; correct the row or --locus-columns");
    return {row.fields[first], *begin, *end};
}

/// What of a gene is missing; empty when nothing is.
std::string missing_part(TableRow const& row, std::vector<std::optional<double>> const& numbers,
                         std::vector<std::string> const& columns, TableFields const& at) {
    auto const missing = std::ranges::find_if(
        numbers, [](std::optional<double> const& number) { return !number.has_value(); });
    if (missing != numbers.end()) {
        return columns[static_cast<std::size_t>(missing - numbers.begin())];
    }
    return at.sequence > 0 && is_missing(row.fields[at.sequence]) ? "the sequence" : "";
}

/// Reads the rows of one table into a set.
class TableGenes {
  public:
    explicit TableGenes(ExpressionOptions const& options)
        : options_(options),
          numbers_(options.table, options.number_columns, options.log10),
          rows_(options.table),
          columns_({options.id_column, options.target_column}) {
        if (!options.sequence_column.empty()) {
            at_.sequence = columns_.size();
            columns_.push_back(options.sequence_column);
        }
        if (!options.locus_columns.empty()) {
            at_.locus = columns_.size();
            columns_.insert(columns_.end(), options.locus_columns.begin(),
                            options.locus_columns.end());
        }
        at_.numbers = columns_.size();
        columns_.insert(columns_.end(), options.number_columns.begin(),
                        options.number_columns.end());
    }

    GeneSet read() {
        auto names =
            for_each_table_row(options_.table, columns_, [this](TableRow const& row) { add(row); });
        fmt::print("read      {} genes in {}\n", count_text(rows_.count()), options_.table);
        genes_.set.target_name = names[at_.target];
        names.erase(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(at_.numbers));
        genes_.set.number_names = numbers_.names(std::move(names));
        return std::move(genes_);
    }

  private:
    void add(TableRow const& row) {
        std::string const& path = options_.table;
        std::string const& id = row.fields[at_.id];
        rows_.add(id, row.number);
        auto const target =
            number_field(path, row.number, options_.target_column, row.fields[at_.target]);
        auto const numbers = numbers_.read(row, at_.numbers);
        if (!target) {
            ++genes_.without_target;
            return;
        }
        std::string const missing = missing_part(row, numbers, numbers_.columns(), at_);
        DNAGPT_VALIDATE(missing.empty() || options_.drop_incomplete,
                        << path << " row " << row.number << ": " << missing << " of " << id
                        << " is missing; give it, or drop such genes with --drop-incomplete");
        if (!missing.empty()) {
            ++genes_.incomplete;
            return;
        }
        LabelledExample& gene = genes_.set.examples.emplace_back();
        gene.id = id;
        gene.target = *target;
        std::ranges::transform(numbers, std::back_inserter(gene.numbers),
                               [](auto const& number) { return *number; });
        if (at_.sequence > 0) {
            gene.codes = window(sequence_field(path, row.number, row.fields[at_.sequence]));
        }
        if (at_.locus > 0) {
            genes_.loci.push_back(locus_of(path, row, at_.locus));
        }
    }

    std::vector<std::uint8_t> window(std::vector<std::uint8_t> codes) const {
        return options_.whole_sequence
                   ? codes
                   : window_around(codes, static_cast<std::int64_t>(codes.size() / 2),
                                   window_shape(options_));
    }

    ExpressionOptions const& options_;
    NumberColumns numbers_;
    GeneRows rows_;
    std::vector<std::string> columns_;
    TableFields at_;
    GeneSet genes_;
};

}  // namespace

void GeneRows::add(std::string const& id, std::int64_t row) {
    DNAGPT_VALIDATE(!id.empty(), << path_ << " row " << row << " has no id; give one");
    auto const [entry, added] = rows_.emplace(id, row);
    DNAGPT_VALIDATE(added, << path_ << " row " << row << ": the id " << id
                           << " stands already on row " << entry->second
                           << " (a gene stands once); take one out");
}

NumberColumns::NumberColumns(std::string path, std::vector<std::string> columns,
                             std::vector<std::string> const& log10)
    : path_(std::move(path)), columns_(std::move(columns)), is_log10_(columns_.size(), false) {
    for (std::string const& name : log10) {
        auto const column = std::ranges::find(columns_, name);
        DNAGPT_VALIDATE(column != columns_.end(),
                        << "--log10 names '" << name
                        << "', which is not among --number-columns; name one of those");
        is_log10_[static_cast<std::size_t>(column - columns_.begin())] = true;
    }
}

std::vector<std::optional<double>> NumberColumns::read(TableRow const& row,
                                                       std::size_t first) const {
    std::vector<std::optional<double>> numbers;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        auto number = number_field(path_, row.number, columns_[i], row.fields[first + i]);
        if (number && is_log10_[i]) {
            DNAGPT_VALIDATE(*number + log_offset > 0,
                            << path_ << " row " << row.number << ": " << *number << " in "
                            << columns_[i]
                            << " has no log10(x + 0.1); correct it or take the column out of "
                               "--log10");
            number = std::log10(*number + log_offset);
        }
        numbers.push_back(number);
    }
    return numbers;
}

std::vector<std::string> NumberColumns::names(std::vector<std::string> columns) const {
    for (std::size_t i = 0; i < columns.size(); ++i) {
        columns[i] = is_log10_[i] ? fmt::format("log10({}+{})", columns[i], log_offset)
                                  : std::move(columns[i]);
    }
    return columns;
}

WindowShape window_shape(ExpressionOptions const& options) {
    DNAGPT_VALIDATE(options.window_up + options.window_down > 0,
                    << "--window-up and --window-down are both 0 (no base is left); give one");
    return {options.window_up, options.window_down};
}

GeneSet read_gene_table(ExpressionOptions const& options) {
    return TableGenes(options).read();
}

}  // namespace dnagpt
