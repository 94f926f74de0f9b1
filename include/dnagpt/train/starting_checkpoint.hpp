#pragma once

#include <cstdint>
#include <string>

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/config/run_config.hpp"

namespace dnagpt {

/// The checkpoint whose model and weights a fine-tuning run starts from.
struct StartingCheckpoint {
    std::string path;          ///< of the file; empty: random weights
    std::uint64_t digest = 0;  ///< of all its bytes
    ModelSection model;        ///< of the file
};

/// What config.finetune.from names. The first start in config.run.folder resolves it and notes it
/// in `from.json` there; once a step is saved every later one takes the note, so that all seeds and
/// folds begin with the same weights although the pretraining run goes on. Collective. Error when
/// finetune.from is not what it was at the first start.
StartingCheckpoint starting_checkpoint(RunConfig const& config, Communicator const& world);

/// Error unless the file is whole and has that digest. Collective.
void require_unchanged(std::string const& path, std::uint64_t digest, Communicator const& world);

}  // namespace dnagpt
