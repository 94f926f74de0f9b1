#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/checkpoint/checkpoint_file.hpp"
#include "dnagpt/checkpoint/training_state.hpp"
#include "dnagpt/config/run_config.hpp"
#include "dnagpt/train/spike_rule.hpp"
#include "dnagpt/train/training_memory.hpp"

namespace dnagpt {

/// How far a run has come: with the config, all that decides the next step beside the flat vectors.
struct RunProgress {
    std::int64_t step = 0;                ///< applied updates
    std::vector<std::int64_t> skip_list;  ///< blocks of rows left out after a non-finite loss
    std::int64_t tokens = 0;              ///< positions trained on
    std::int64_t best_step = -1;          ///< with the best validation so far; -1: none yet
    double best_score = 0;                ///< of that step
    std::int64_t left_out_in_a_row = 0;   ///< bad steps since the last applied one
    NormMean norms;                       ///< for optimizer.spike_factor
};

/// What bit-identical results depend on beside config and state (for the warning at resume).
struct RunIdentity {
    std::string build;
    std::int64_t world_size = 1;
    std::int64_t threads = 1;
    std::string device_model;
    std::string libraries;
    std::uint64_t data_digest = 0;  ///< of the training split: a difference is refused
    std::string product_choices;    ///< GemmEngine::choices
};

template <class T>
CheckpointHeader make_header(RunConfig const& config, TrainingMemory<T> const& memory,
                             RunProgress const& progress, RunIdentity const& identity);

/// This rank's slices of the three flat vectors.
template <class T>
StateSlabs state_slabs(TrainingMemory<T> const& memory);

/// Fills this rank's slices from a file of any world size and publishes the weights.
template <class T>
void load_state(Context& context, CheckpointReader const& reader, TrainingMemory<T>& memory);

/// Fills this rank's slices of the weights from the tensors of the same names, and publishes them;
/// tensors that the file lacks keep their values, with a warning. Error for a tensor of another
/// shape.
template <class T>
void load_weights(Context& context, CheckpointReader const& reader, TrainingMemory<T>& memory);

/// RunIdentity::data_digest of the run that wrote the file, as hash_to_hex gives it.
std::string stored_data_digest(CheckpointHeader const& header);

/// Settings and data must be those of the file (Error with both values); a different build, world,
/// device or library is one warning. Returns the progress.
RunProgress accept_checkpoint(CheckpointHeader const& header, RunConfig const& config,
                              RunIdentity const& identity);

}  // namespace dnagpt
