#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dnagpt/config/model_shape.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/device/arena.hpp"
#include "dnagpt/device/views.hpp"
#include "dnagpt/model/attention_block.hpp"
#include "dnagpt/model/batch_form.hpp"
#include "dnagpt/model/device_batch.hpp"
#include "dnagpt/model/head.hpp"
#include "dnagpt/model/mlp_block.hpp"
#include "dnagpt/model/tensor_traits.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

template <class T>
struct LayerParams {
    AttentionBlockParams<T> attention;
    MlpBlockParams<T> mlp;
};

/// All parameters, or their gradients: views into one flat vector (bind_parameters).
template <class T>
struct GptParams {
    ModelShape shape;
    Matrix<T> token_table;     ///< (V, C)
    Matrix<T> position_table;  ///< (T_max, C)
    std::vector<LayerParams<T>> layers;
    Vector<T> final_norm;            ///< (C)
    HeadParams<T> token_head;        ///< C -> V
    HeadParams<T> regression_head;   ///< C -> 1
    HeadParams<T> number_embedding;  ///< 1 -> C
};

/// Extents of the parameters, without memory.
template <class T>
GptParams<T> unbound_gpt(ModelShape const& shape);

/// The list of tensors, by their published names; heads that the shape lacks are left out.
/// visit(name, view&, traits).
template <class T, class Visit>
void for_each_tensor(GptParams<T>& params, Visit&& visit) {
    auto const at = [&visit](int stage) {
        return [&visit, stage](std::string const& name, auto& view, TensorTraits traits) {
            traits.backward_stage = stage;
            visit(name, view, traits);
        };
    };
    int const layers = static_cast<int>(params.layers.size());
    auto const embeddings = at(layers + 1);
    auto const heads = at(0);
    embeddings("transformer.wte.weight", params.token_table, embedding_table);
    embeddings("transformer.wpe.weight", params.position_table, embedding_table);
    for (int layer = 0; layer < layers; ++layer) {
        std::string const prefix = "transformer.h." + std::to_string(layer) + ".";
        LayerParams<T>& of_layer = params.layers[static_cast<std::size_t>(layer)];
        for_each_tensor(prefix, of_layer.attention, at(layers - layer));
        for_each_tensor(prefix, of_layer.mlp, at(layers - layer));
    }
    heads("transformer.ln_f.weight", params.final_norm, norm_weight);
    if (params.shape.token_head) {
        for_each_tensor("mlm_head.", params.token_head, heads);
    }
    if (params.shape.regression_head) {
        for_each_tensor("num_regression.", params.regression_head, heads);
    }
    if (params.shape.number_embedding) {
        for_each_tensor("number_embedding.", params.number_embedding, embeddings);
    }
}

template <class T>
struct LayerSaved {
    AttentionBlockSaved<T> attention;
    MlpBlockSaved<T> mlp;
};

/// What follows forward. Training keeps every activation that backward reads; recomputing keeps the
/// inputs of the two halves of each layer and computes the rest again, bit by bit the same
/// (Chen et al. 2016, arXiv 1604.06174); inference keeps one layer's activations for all.
enum class Purpose { training, recomputing, inference };

/// What forward leaves: for backward, the losses and the heads.
template <class T>
struct GptSaved {
    Purpose purpose = Purpose::training;
    std::vector<LayerSaved<T>> layers;
    Matrix<T> residual;       ///< (B T, C) after the last layer
    Vector<accum_t<T>> mean;  ///< (B T) of the final layernorm
    Vector<accum_t<T>> rstd;  ///< (B T)
    Matrix<T> hidden;         ///< (B T, C) after the final layernorm: what the heads read
    Matrix<T> gradient;       ///< (B T, C) of hidden; gpt_backward turns it into that of the input
};

/// Activations for at most `positions` = B T.
template <class T>
GptSaved<T> layout_gpt_saved(ModelShape const& shape, std::int64_t positions, Purpose purpose,
                             Arena& arena);

/// Size of those activations (bytes).
template <class T>
std::int64_t gpt_saved_bytes(ModelShape const& shape, std::int64_t positions, Purpose purpose) {
    Arena counting;
    layout_gpt_saved<T>(shape, positions, purpose, counting);
    return counting.high_water();
}

/// Size of the scratch that forward, losses, evaluation and backward take at most, for batches of
/// `batch` rows of `context_length` positions (bytes). Attention's share depends on both, so take
/// the largest over the batch forms that are used.
template <class T>
std::int64_t gpt_scratch_bytes(ModelShape const& shape, std::int64_t batch,
                               std::int64_t context_length);

/// The same for batches of any of these forms.
template <class T>
std::int64_t gpt_scratch_bytes(ModelShape const& shape, std::vector<BatchForm> const& forms) {
    std::int64_t bytes = 0;
    for (BatchForm const& form : forms) {
        bytes = std::max(bytes, gpt_scratch_bytes<T>(shape, form.rows, form.length));
    }
    return bytes;
}

/// Assigns saved; saved.hidden is what the heads read. Nothing is done for an empty batch.
template <class T>
void gpt_forward(Context& context, GptParams<T> const& params, DeviceBatch const& batch,
                 GptSaved<T> const& saved);

/// Called while backward goes on, when all that adds to the gradients of a stage is queued: 0
/// (heads and final norm), 1 (last layer), 2 (the one before), ..., layers + 1 (embeddings).
using StageDone = std::function<void(int stage)>;

/// gradients += ; saved.gradient holds the gradient of saved.hidden on entry (start_backward) and
/// is overwritten.
template <class T>
void gpt_backward(Context& context, GptParams<T> const& params, DeviceBatch const& batch,
                  GptSaved<T> const& saved, GptParams<accum_t<T>> const& gradients,
                  StageDone const& done = {});

}  // namespace dnagpt
