#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/eval/sequence_scores.hpp"
#include "dnagpt/eval/variant_scores.hpp"
#include "dnagpt/genome/sequence_windows.hpp"
#include "dnagpt/genome/strand.hpp"

namespace dnagpt {

/// The tables of `dnagpt score` (docs/file_formats.md): heads end with the line of the columns,
/// `step` is that of the weights.
std::string variant_head(std::int64_t flank, bool fast, std::int64_t step);
std::string variant_row(VariantPlace const& place, VariantResult const& result,
                        VariantForm const& form);

std::string base_head(WindowForm const& form, Strand strand, std::int64_t step);
/// A line for each scored base of a window that is no N.
std::string base_rows(ScoredWindow const& window, std::vector<BaseScore> const& scores);

/// The same bases with their bits alone, as bedGraph.
std::string bedgraph_head(Strand strand);
std::string bedgraph_rows(ScoredWindow const& window, std::vector<BaseScore> const& scores);

}  // namespace dnagpt
