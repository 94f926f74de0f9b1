#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/data/novel_bases.hpp"

namespace dnagpt {

/// novel_words of all windows, on every rank: each rank looks for its share of the windows, so that
/// a rank holds 24 bytes a base of that share. Each streams all of `training` past. Collective.
std::vector<std::vector<std::uint8_t>> novel_masks(PretrainData const& data,
                                                   std::span<EvaluationWindow const> windows,
                                                   PretrainData const& training,
                                                   Communicator const& world);

}  // namespace dnagpt
