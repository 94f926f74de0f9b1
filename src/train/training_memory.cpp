#include "dnagpt/train/training_memory.hpp"

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/model/multi_task_loss.hpp"
#include "dnagpt/ops/elementwise.hpp"
#include "dnagpt/ops/linear.hpp"

namespace dnagpt {

std::int64_t micro_batch_rows(RunConfig const& config, int world_size) {
    std::int64_t const rows = (rows_per_step(config) + world_size - 1) / world_size;
    return std::min(config.batch.micro_batch, rows);
}

BatchForm pretraining_form(RunConfig const& config, int world_size) {
    return {micro_batch_rows(config, world_size), config.model.context_length};
}

namespace {

/// What the products on this CPU keep: linear weights in their order, or float copies of operands.
template <class T>
std::int64_t product_bytes(ModelShape const& shape, std::int64_t positions) {
    GemmEngine engine;
    std::int64_t kept = 0;
    std::int64_t a = 0;  // largest operands, in elements
    std::int64_t b = 0;
    std::int64_t c = 0;
    GptParams<T> params = unbound_gpt<T>(shape);
    for_each_tensor(params, [&](std::string const&, auto const& view, TensorTraits traits) {
        if (view.rank != 2 || !traits.decay) {
            return;
        }
        auto const out = static_cast<std::int64_t>(view.extent(0));
        auto const in = static_cast<std::int64_t>(view.extent(1));
        std::int64_t const rows =
            out == shape.vocabulary_size ? std::min(positions, token_head_rows<T>(out)) : positions;
        kept += kept_weight_bytes<T>(engine, linear_forward_product(rows, out, in)) +
                kept_weight_bytes<T>(engine, linear_backward_input_product(rows, out, in));
        a = std::max({a, rows * in, rows * out});
        b = std::max({b, in * out, rows * in});
        c = std::max({c, rows * out, rows * in});
    });
    constexpr auto of_float = static_cast<std::int64_t>(sizeof(float));
    return widens_operands<T>(engine) ? (a + b + c) * of_float : kept;
}

}  // namespace

template <class T>
MemoryByKind training_memory(ModelShape const& shape, BatchForm form, int world_size,
                             Purpose purpose) {
    Partition const partition = make_partition(make_parameter_layout(shape).size, 0, world_size);
    constexpr auto of_float = static_cast<std::int64_t>(sizeof(float));
    MemoryByKind memory;
    memory.weights = partition.padded_size * static_cast<std::int64_t>(sizeof(T));
    memory.products = product_bytes<T>(shape, form.positions()) + GemmEngine::workspace_bytes();
    if constexpr (std::is_same_v<T, bf16>) {
        memory.products += AttentionEngine::workspace_bytes(
            {form.rows, form.length, shape.heads, shape.head_dimension()});
    }
    memory.gradients = (partition.padded_size + partition.own_size) * of_float;
    memory.optimizer = 3 * partition.own_size * of_float;
    memory.activations = gpt_saved_bytes<T>(shape, form.positions(), purpose);
    memory.scratch = gpt_scratch_bytes<T>(shape, form.rows, form.length);
    memory.saving = memory.optimizer;
    return memory;
}

Purpose training_purpose(ModelSection const& model) {
    return model.recompute == "blocks" ? Purpose::recomputing : Purpose::training;
}

MemoryByKind training_memory(RunConfig const& config, BatchForm form, int world_size) {
    ModelShape const shape = model_shape(config.model);
    Purpose const purpose = training_purpose(config.model);
    return config.run.precision == "bf16"
               ? training_memory<bf16>(shape, form, world_size, purpose)
               : training_memory<float>(shape, form, world_size, purpose);
}

MemoryByKind training_memory(RunConfig const& config, int world_size) {
    return training_memory(config, pretraining_form(config, world_size), world_size);
}

template <class T>
TrainingMemory<T>::TrainingMemory(ModelShape const& model_shape, OptimizerSection const& settings,
                                  BatchForm form, DeviceCollectives& device_collectives,
                                  Communicator const& world, Purpose purpose)
    : collectives(device_collectives),
      shape(model_shape),
      layout(make_parameter_layout(shape)),
      partition(make_partition(layout.size, world.rank(), world.size())),
      weights("weights", partition.padded_size),
      gradients("gradients", partition.padded_size),
      params(bind_parameters(shape, layout, weights.data())),
      gradient_views(bind_parameters(shape, layout, gradients.data())),
      activations(gpt_saved_bytes<T>(shape, form.positions(), purpose)),
      saved(layout_gpt_saved<T>(shape, form.positions(), purpose, activations)),
      batch(shape, form.positions()),
      sums("loss sums", loss_sums),
      gradient_sync(collectives, partition, layout),
      optimizer(settings, layout, partition, collectives) {}

template <class T>
void initialise_weights(Context& context, TrainingMemory<T>& memory, std::uint64_t seed) {
    for (Slice const& slice : memory.partition.slices) {
        std::vector<float> drawn(static_cast<std::size_t>(slice.count));
        draw_initial_weights(memory.layout, seed, slice.flat_offset, slice.count, drawn.data());
        copy_to_device(drawn.data(), memory.optimizer.master().data() + slice.own_offset,
                       slice.count);
    }
    fill(context, memory.optimizer.first_moment(), 0.0F);
    fill(context, memory.optimizer.second_moment(), 0.0F);
    memory.optimizer.publish(context, memory.weights.view());
}

#define DNAGPT_INSTANTIATE(T)                                                             \
    template MemoryByKind training_memory<T>(ModelShape const&, BatchForm, int, Purpose); \
    template struct TrainingMemory<T>;                                                    \
    template void initialise_weights(Context&, TrainingMemory<T>&, std::uint64_t)
DNAGPT_INSTANTIATE(float);
DNAGPT_INSTANTIATE(bf16);

}  // namespace dnagpt
