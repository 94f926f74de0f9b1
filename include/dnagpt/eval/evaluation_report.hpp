#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/data/markov.hpp"
#include "dnagpt/data/pretrain_data.hpp"
#include "dnagpt/eval/scores.hpp"
#include "dnagpt/eval/validation.hpp"

namespace dnagpt {

/// Bits per base of Markov models of order 0 .. 5 fitted on a species' training split.
struct MarkovScores {
    std::vector<BitSum> all;    ///< over the bases that the model is scored on
    std::vector<BitSum> novel;  ///< over those in novel words; empty: not asked for
};

/// One entry per species of the set's data. Collective: species are shared out over the ranks.
/// Error for a species without a training split.
std::vector<MarkovScores> score_markov_models(PretrainData const& training,
                                              ValidationSet const& set, Communicator const& world);

struct EvaluationSource {
    std::string checkpoint;
    std::int64_t step = 0;
    std::string split;
};

/// The content of evaluation.json (docs/file_formats.md): scores by species and their mean.
nlohmann::ordered_json evaluation_report(EvaluationSource const& source, PretrainData const& data,
                                         std::vector<SpeciesSums> const& sums,
                                         std::vector<MarkovScores> const& markov);

}  // namespace dnagpt
