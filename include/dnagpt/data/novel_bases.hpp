#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dnagpt/data/evaluation_windows.hpp"
#include "dnagpt/data/pretrain_data.hpp"

namespace dnagpt {

/// For each window one number a word: 1 where all six bases are novel, that is, under no 32-mer
/// that stands anywhere in `training` (any species, either strand). 32-mers reach over the window's
/// ends, not out of the contig. The keys of the windows are held, the training split streams past:
/// memory is about 24 bytes a base of the windows.
std::vector<std::vector<std::uint8_t>> novel_words(PretrainData const& data,
                                                   std::span<EvaluationWindow const> windows,
                                                   PretrainData const& training);

}  // namespace dnagpt
