#pragma once

#include <cstdint>
#include <string>

#include "dnagpt/config/model_shape.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/device/arena.hpp"
#include "dnagpt/device/views.hpp"
#include "dnagpt/model/tensor_traits.hpp"
#include "dnagpt/ops/attention.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// First half of a layer: output = input + proj(attention(qkv(norm(input)))).
template <class T>
struct AttentionBlockParams {
    Vector<T> norm;  ///< (C)
    Matrix<T> qkv;   ///< (3C, C): q, k, v
    Matrix<T> proj;  ///< (C, C)
};

/// Extents of the parameters, without memory.
template <class T>
AttentionBlockParams<T> unbound_attention_block(ModelShape const& shape) {
    std::int64_t const c = shape.channels;
    return {unbound_vector<T>(c), unbound_matrix<T>(3 * c, c), unbound_matrix<T>(c, c)};
}

/// The list of tensors; `prefix` is "transformer.h.3.". visit(name, view&, traits).
template <class T, class Visit>
void for_each_tensor(std::string const& prefix, AttentionBlockParams<T>& params, Visit&& visit) {
    visit(prefix + "ln_1.weight", params.norm, norm_weight);
    visit(prefix + "attn.c_attn.weight", params.qkv, linear_weight);
    visit(prefix + "attn.c_proj.weight", params.proj, residual_projection);
}

/// What forward leaves for backward; the normalised input is computed again there.
template <class T>
struct AttentionBlockSaved {
    Matrix<T> input;                 ///< (B T, C), set by whoever lays out the residual stream
    Matrix<T> qkv;                   ///< (B T, 3C)
    Matrix<T> attended;              ///< (B T, C)
    Vector<accum_t<T>> log_sum_exp;  ///< (B H T)
};

/// Takes everything but `input`, for at most `positions` = B T.
template <class T>
AttentionBlockSaved<T> layout_attention_block_saved(ModelShape const& shape, std::int64_t positions,
                                                    Arena& arena);

/// Assigns output (B T, C), which may be saved.input (then nothing can be differentiated any more),
/// and everything saved but the input. saved may hold more than B T positions.
template <class T>
void attention_block_forward(Context& context, AttentionBlockParams<T> const& params,
                             AttentionShape const& shape, AttentionBlockSaved<T> const& saved,
                             Matrix<T> output);

/// Assigns everything saved but the input again, from the input: forward without its output.
template <class T>
void attention_block_recompute(Context& context, AttentionBlockParams<T> const& params,
                               AttentionShape const& shape, AttentionBlockSaved<T> const& saved);

/// gradient (B T, C): that of the output on entry, that of the input on return. grads +=.
template <class T>
void attention_block_backward(Context& context, AttentionBlockParams<T> const& params,
                              AttentionShape const& shape, AttentionBlockSaved<T> const& saved,
                              Matrix<T> gradient, AttentionBlockParams<accum_t<T>> const& grads);

/// Takes from `scratch` what the functions above take at most.
template <class T>
void attention_block_scratch(AttentionShape const& shape, Arena& scratch);

}  // namespace dnagpt
