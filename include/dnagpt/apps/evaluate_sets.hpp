#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/device/device_session.hpp"

namespace dnagpt {

/// How labelled sets are scored.
struct EvaluateSetsOptions {
    std::string checkpoint;         ///< file or run folder
    std::vector<std::string> sets;  ///< FILE, or NAME=FILE to name the task that it is for
    std::string blank;              ///< "", "sequence" or "numbers": that input is left out
    std::string output;             ///< evaluation.json to write
    std::string predictions;        ///< predictions.tsv to write; empty: none
    std::int64_t micro_batch = 16;  ///< rows of the longest length at once on a rank
};

/// Scores validation and test of labelled sets with a fine-tuned checkpoint. Collective.
template <class T>
int evaluate_sets(EvaluateSetsOptions const& options, Communicator const& world,
                  DeviceSession const& device);

}  // namespace dnagpt
