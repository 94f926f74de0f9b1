#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/checkpoint/checkpoint_file.hpp"
#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/config/run_config.hpp"
#include "dnagpt/core/stream.hpp"
#include "dnagpt/device/arena.hpp"
#include "dnagpt/device/buffer.hpp"
#include "dnagpt/genome/vocabulary.hpp"
#include "dnagpt/model/batch_form.hpp"
#include "dnagpt/model/device_batch.hpp"
#include "dnagpt/model/gpt.hpp"
#include "dnagpt/model/parameter_layout.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// A checkpoint's weights on the device, ready for forward passes of batches of some forms.
template <class T>
struct LoadedModel {
    /// Rounds the master weights to T. Error where the file's tensors are not those of its
    /// settings.
    LoadedModel(CheckpointReader const& reader, std::vector<BatchForm> const& forms, Stream stream);
    LoadedModel(LoadedModel const&) = delete;
    LoadedModel& operator=(LoadedModel const&) = delete;
    /// Replaces the weights by those that training from random weights begins with.
    void draw_weights(std::uint64_t seed);

    RunConfig config;
    ModelShape shape;
    Vocabulary vocabulary;
    ParameterLayout layout;
    Buffer<T> weights;
    GptParams<T> params;
    Arena activations;
    GptSaved<T> saved;
    DeviceBatch batch;
    Context context;
};

/// The settings that a checkpoint was trained with.
RunConfig stored_config(CheckpointHeader const& header);

/// Error where the model gives no words, for it was fine-tuned without the token head.
void require_words(ModelShape const& shape, std::string const& checkpoint);

/// Error naming the first tensor that the file and the settings disagree on.
void require_same_layout(CheckpointHeader const& header, ParameterLayout const& layout);

/// The path itself if it is a file; of a run folder the best checkpoint of a fine-tuning run, the
/// newest of any other.
std::string resolve_checkpoint(std::string const& path);
/// Opens the same checkpoint on every rank, what rank 0 finds at `path`. Error where it is not
/// whole. Collective.
CheckpointReader open_checkpoint(std::string const& path, Communicator const& world);

}  // namespace dnagpt
