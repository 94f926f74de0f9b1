#include "dnagpt/model/gpt.hpp"

#include <algorithm>

#include "dnagpt/core/check.hpp"
#include "dnagpt/model/layer_states.hpp"
#include "dnagpt/model/multi_task_loss.hpp"
#include "dnagpt/model/number_embedding.hpp"
#include "dnagpt/ops/embedding.hpp"
#include "dnagpt/ops/layernorm.hpp"
#include "dnagpt/ops/reduction.hpp"
#include "ranges.hpp"

namespace dnagpt {
namespace {

AttentionShape attention_shape(ModelShape const& shape, std::int64_t batch,
                               std::int64_t context_length) {
    return {batch, context_length, shape.heads, shape.head_dimension()};
}

template <class T>
LayerSaved<T> layout_layer(ModelShape const& shape, std::int64_t positions, Arena& arena) {
    return {layout_attention_block_saved<T>(shape, positions, arena),
            layout_mlp_block_saved<T>(shape, positions, arena)};
}

}  // namespace

template <class T>
GptParams<T> unbound_gpt(ModelShape const& shape) {
    std::int64_t const c = shape.channels;
    GptParams<T> params;
    params.shape = shape;
    params.token_table = unbound_matrix<T>(shape.vocabulary_size, c);
    params.position_table = unbound_matrix<T>(shape.context_length, c);
    params.layers.assign(static_cast<std::size_t>(shape.layers),
                         {unbound_attention_block<T>(shape), unbound_mlp_block<T>(shape)});
    params.final_norm = unbound_vector<T>(c);
    if (shape.token_head) {
        params.token_head = unbound_head<T>(c, c, shape.vocabulary_size);
    }
    if (shape.regression_head) {
        params.regression_head = unbound_head<T>(c, c, 1);
    }
    if (shape.number_embedding) {
        params.number_embedding = unbound_head<T>(1, c, c);
    }
    return params;
}

template <class T>
GptSaved<T> layout_gpt_saved(ModelShape const& shape, std::int64_t positions, Purpose purpose,
                             Arena& arena) {
    std::int64_t const c = shape.channels;
    bool const differentiates = purpose != Purpose::inference;
    GptSaved<T> saved;
    saved.purpose = purpose;
    saved.residual = arena.matrix<T>(positions, c);
    saved.mean = arena.vector<accum_t<T>>(positions);
    saved.rstd = arena.vector<accum_t<T>>(positions);
    saved.hidden = arena.matrix<T>(positions, c);
    if (differentiates) {
        saved.gradient = arena.matrix<T>(positions, c);
    }
    for (std::int64_t layer = 0; layer < shape.layers; ++layer) {
        if (purpose == Purpose::training || layer == 0) {
            saved.layers.push_back(layout_layer<T>(shape, positions, arena));
        } else {
            saved.layers.push_back(saved.layers.front());
        }
        LayerSaved<T>& last = saved.layers.back();
        last.attention.input = differentiates ? arena.matrix<T>(positions, c) : saved.residual;
        last.mlp.input = differentiates ? arena.matrix<T>(positions, c) : saved.residual;
    }
    return saved;
}

template <class T>
std::int64_t gpt_scratch_bytes(ModelShape const& shape, std::int64_t batch,
                               std::int64_t context_length) {
    Arena scratch;
    auto const measure = [&](auto const& take) {
        ArenaScope const scope(scratch);
        take();
    };
    std::int64_t const positions = batch * context_length;
    measure([&] { number_embedding_scratch<T>(shape.channels, scratch); });
    measure([&] {
        attention_block_scratch<T>(attention_shape(shape, batch, context_length), scratch);
    });
    measure([&] { mlp_block_scratch<T>(shape.channels, positions, scratch); });
    measure([&] { head_scratch<T>(shape, positions, scratch); });
    measure([&] { layernorm_scratch<T>(positions, shape.channels, scratch); });
    return scratch.high_water() + reduction_scratch_bytes;
}

template <class T>
void gpt_forward(Context& context, GptParams<T> const& params, DeviceBatch const& batch,
                 GptSaved<T> const& saved) {
    gpt_forward_visiting(context, params, batch, saved, {});
}

template <class T>
void gpt_forward_visiting(Context& context, GptParams<T> const& params, DeviceBatch const& batch,
                          GptSaved<T> const& saved, VisitLayer<T> const& visit) {
    std::int64_t const positions = batch.positions();
    if (positions == 0) {
        return;
    }
    DNAGPT_EXPECT(positions <= rows_of(saved.hidden));
    AttentionShape const shape =
        attention_shape(params.shape, batch.rows(), batch.context_length());
    Matrix<T> const embedded = first_rows(saved.layers.front().attention.input, positions);
    embedding_forward(context, batch.tokens(), batch.context_length(), params.token_table,
                      params.position_table, embedded);
    number_embedding_forward(context, params.number_embedding, batch.numbers(),
                             batch.number_positions(), embedded);
    if (visit) {
        visit({0, embedded, {}, shape});
    }
    for (std::size_t layer = 0; layer < params.layers.size(); ++layer) {
        LayerSaved<T> const& kept = saved.layers[layer];
        bool const last = layer + 1 == params.layers.size();
        Matrix<T> const output =
            first_rows(last ? saved.residual : saved.layers[layer + 1].attention.input, positions);
        attention_block_forward(context, params.layers[layer].attention, shape, kept.attention,
                                first_rows(kept.mlp.input, positions));
        mlp_block_forward(context, params.layers[layer].mlp, kept.mlp, output);
        if (visit) {
            visit({static_cast<std::int64_t>(layer) + 1, output,
                   first_rows(kept.attention.qkv, positions), shape});
        }
    }
    layernorm_forward(context, first_rows(saved.residual, positions), params.final_norm,
                      element_range(saved.mean, 0, positions),
                      element_range(saved.rstd, 0, positions), first_rows(saved.hidden, positions));
}

template <class T>
void gpt_backward(Context& context, GptParams<T> const& params, DeviceBatch const& batch,
                  GptSaved<T> const& saved, GptParams<accum_t<T>> const& gradients,
                  StageDone const& done) {
    std::int64_t const positions = batch.positions();
    if (positions == 0) {
        return;
    }
    int stage = 0;
    auto const finish_stage = [&] {
        if (done) {
            done(stage++);
        }
    };
    DNAGPT_EXPECT(positions <= rows_of(saved.gradient));
    AttentionShape const shape =
        attention_shape(params.shape, batch.rows(), batch.context_length());
    Matrix<T> const gradient = first_rows(saved.gradient, positions);
    layernorm_backward(context, first_rows(saved.residual, positions), params.final_norm,
                       element_range(saved.mean, 0, positions),
                       element_range(saved.rstd, 0, positions), gradient, gradient,
                       gradients.final_norm, Write::assign);
    finish_stage();
    for (std::size_t layer = params.layers.size(); layer-- > 0;) {
        LayerParams<T> const& weights = params.layers[layer];
        LayerSaved<T> const& kept = saved.layers[layer];
        bool const overwritten = layer + 1 < params.layers.size();
        if (saved.purpose == Purpose::recomputing && overwritten) {
            attention_block_recompute(context, weights.attention, shape, kept.attention);
            mlp_block_recompute(context, weights.mlp, kept.mlp, positions);
        }
        mlp_block_backward(context, weights.mlp, kept.mlp, gradient, gradients.layers[layer].mlp);
        attention_block_backward(context, weights.attention, shape, kept.attention, gradient,
                                 gradients.layers[layer].attention);
        finish_stage();
    }
    number_embedding_backward(context, params.number_embedding, batch.numbers(),
                              batch.number_positions(), gradient, gradients.number_embedding);
    embedding_backward<T>(context, batch.tokens(), batch.grouped_rows(), batch.group_first(),
                          batch.context_length(), gradient, gradients.token_table,
                          gradients.position_table);
    finish_stage();
}

#define DNAGPT_INSTANTIATE(T)                                                                  \
    template GptParams<T> unbound_gpt(ModelShape const&);                                      \
    template GptSaved<T> layout_gpt_saved(ModelShape const&, std::int64_t, Purpose, Arena&);   \
    template std::int64_t gpt_scratch_bytes<T>(ModelShape const&, std::int64_t, std::int64_t); \
    template void gpt_forward(Context&, GptParams<T> const&, DeviceBatch const&,               \
                              GptSaved<T> const&);                                             \
    template void gpt_forward_visiting(Context&, GptParams<T> const&, DeviceBatch const&,      \
                                       GptSaved<T> const&, VisitLayer<T> const&);              \
    template void gpt_backward(Context&, GptParams<T> const&, DeviceBatch const&,              \
                               GptSaved<T> const&, GptParams<accum_t<T>> const&,               \
                               StageDone const&);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
