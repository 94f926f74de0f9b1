#pragma once

#include <cstdint>

#include "dnagpt/comm/device_collectives.hpp"
#include "dnagpt/config/run_config.hpp"
#include "dnagpt/device/arena.hpp"
#include "dnagpt/device/buffer.hpp"
#include "dnagpt/model/batch_form.hpp"
#include "dnagpt/model/device_batch.hpp"
#include "dnagpt/model/gpt.hpp"
#include "dnagpt/model/parameter_layout.hpp"
#include "dnagpt/train/gradient_sync.hpp"
#include "dnagpt/train/optimizer.hpp"
#include "dnagpt/train/partition.hpp"

namespace dnagpt {

/// Bytes that a rank takes, by kind; all but `saving` on its device.
struct MemoryByKind {
    std::int64_t weights = 0;      ///< what the kernels read, type T
    std::int64_t products = 0;     ///< copies that products on a CPU keep; workspace on a GPU
    std::int64_t gradients = 0;    ///< float, whole vector and own slices
    std::int64_t optimizer = 0;    ///< own slices of master weights and Adam's moments
    std::int64_t activations = 0;  ///< saved activations of one micro-batch
    std::int64_t scratch = 0;      ///< taken and given back by operations
    std::int64_t saving = 0;       ///< on the host: the copy that a checkpoint is written from

    std::int64_t on_device() const {
        return weights + products + gradients + optimizer + activations + scratch;
    }
    std::int64_t total() const { return on_device() + saving; }
};

/// Rows that go through a rank's model at once: batch.micro_batch, or all of its rows if fewer.
std::int64_t micro_batch_rows(RunConfig const& config, int world_size);
/// The same rows of the whole context: the micro-batch of pretraining.
BatchForm pretraining_form(RunConfig const& config, int world_size);

/// Computed by running the layout code on arenas without memory; `form` is the largest micro-batch
/// of a rank.
template <class T>
MemoryByKind training_memory(ModelShape const& shape, BatchForm form, int world_size,
                             Purpose purpose = Purpose::training);

/// Purpose::recomputing or Purpose::training, as model.recompute says.
Purpose training_purpose(ModelSection const& model);
/// The same for a config, in its precision.
MemoryByKind training_memory(RunConfig const& config, BatchForm form, int world_size);
/// The same for pretraining.
MemoryByKind training_memory(RunConfig const& config, int world_size);

/// Everything a training run keeps on a rank's device. Taken once; nothing allocates afterwards.
template <class T>
struct TrainingMemory {
    /// `form` has as many positions as the largest micro-batch of a rank.
    TrainingMemory(ModelShape const& shape, OptimizerSection const& settings, BatchForm form,
                   DeviceCollectives& collectives, Communicator const& world,
                   Purpose purpose = Purpose::training);
    TrainingMemory(TrainingMemory const&) = delete;
    TrainingMemory& operator=(TrainingMemory const&) = delete;

    DeviceCollectives& collectives;
    ModelShape shape;
    ParameterLayout layout;
    Partition partition;
    Buffer<T> weights;
    Buffer<float> gradients;
    GptParams<T> params;
    GptParams<float> gradient_views;
    Arena activations;
    GptSaved<T> saved;
    DeviceBatch batch;
    /// (3) losses of this rank in this step: next token, regression, answer.
    Buffer<double> sums;
    GradientSync gradient_sync;
    Optimizer<T> optimizer;
};

/// Draws this rank's slices of the initial weights, publishes them, and zeroes Adam's moments.
template <class T>
void initialise_weights(Context& context, TrainingMemory<T>& memory, std::uint64_t seed);

}  // namespace dnagpt
