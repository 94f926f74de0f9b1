#pragma once

#include <cstdint>
#include <string>

#include "dnagpt/config/model_shape.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/device/arena.hpp"
#include "dnagpt/device/views.hpp"
#include "dnagpt/model/tensor_traits.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// Second half of a layer: output = input + proj(gelu(fc(norm(input)))).
template <class T>
struct MlpBlockParams {
    Vector<T> norm;  ///< (C)
    Matrix<T> fc;    ///< (4C, C)
    Matrix<T> proj;  ///< (C, 4C)
};

/// Extents of the parameters, without memory.
template <class T>
MlpBlockParams<T> unbound_mlp_block(ModelShape const& shape) {
    std::int64_t const c = shape.channels;
    return {unbound_vector<T>(c), unbound_matrix<T>(4 * c, c), unbound_matrix<T>(c, 4 * c)};
}

/// The list of tensors; `prefix` is "transformer.h.3.". visit(name, view&, traits).
template <class T, class Visit>
void for_each_tensor(std::string const& prefix, MlpBlockParams<T>& params, Visit&& visit) {
    visit(prefix + "ln_2.weight", params.norm, norm_weight);
    visit(prefix + "mlp.c_fc.weight", params.fc, linear_weight);
    visit(prefix + "mlp.c_proj.weight", params.proj, residual_projection);
}

/// What forward leaves for backward; the normalised input and the activation are computed again
/// there.
template <class T>
struct MlpBlockSaved {
    Matrix<T> input;  ///< (R, C), set by whoever lays out the residual stream
    Matrix<T> fc;     ///< (R, 4C), before the activation
};

/// Takes everything but `input`, for at most `positions` rows.
template <class T>
MlpBlockSaved<T> layout_mlp_block_saved(ModelShape const& shape, std::int64_t positions,
                                        Arena& arena);

/// Assigns output (R, C), which may be saved.input (then nothing can be differentiated any more),
/// and saved.fc. saved may hold more than R rows.
template <class T>
void mlp_block_forward(Context& context, MlpBlockParams<T> const& params,
                       MlpBlockSaved<T> const& saved, Matrix<T> output);

/// Assigns saved.fc of the first `rows` rows again, from the input.
template <class T>
void mlp_block_recompute(Context& context, MlpBlockParams<T> const& params,
                         MlpBlockSaved<T> const& saved, std::int64_t rows);

/// gradient (R, C): that of the output on entry, that of the input on return. grads +=.
template <class T>
void mlp_block_backward(Context& context, MlpBlockParams<T> const& params,
                        MlpBlockSaved<T> const& saved, Matrix<T> gradient,
                        MlpBlockParams<accum_t<T>> const& grads);

/// Takes from `scratch` what the functions above take at most.
template <class T>
void mlp_block_scratch(std::int64_t channels, std::int64_t positions, Arena& scratch);

}  // namespace dnagpt
