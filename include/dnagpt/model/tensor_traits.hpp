#pragma once

#include <cstddef>
#include <cstdint>

#include "dnagpt/device/views.hpp"

namespace dnagpt {

/// What a list of tensors says about each of them beside its name and extents.
struct TensorTraits {
    /// Whether AdamW's weight decay applies: weights of Linear layers only.
    bool decay = false;
    /// Deviation of the normal distribution (mean 0) that initial values are drawn from; 0: all 1.
    float deviation = 0;
    /// The Linear layer adds to the residual stream: its deviation is divided by sqrt(2 layers)
    /// (GPT-2). make_parameter_layout has already done so in the traits it gives.
    bool residual = false;
    /// The stage of backward after which nothing is added to the gradient any more (gpt_backward).
    /// The lists of a model's parts leave it to the list of the whole model.
    int backward_stage = 0;

    bool operator==(TensorTraits const&) const = default;
};

inline constexpr float initial_deviation = 0.02F;
inline constexpr TensorTraits linear_weight{true, initial_deviation, false};
/// Of one number as input: with initial_deviation the layer would stay linear, and the layernorm
/// behind it would leave nothing of the number but its sign (docs/decisions/0008).
inline constexpr TensorTraits single_input_weight{true, 1.0F, false};
inline constexpr TensorTraits residual_projection{true, initial_deviation, true};
inline constexpr TensorTraits embedding_table{false, initial_deviation, false};
inline constexpr TensorTraits norm_weight{false, 0, false};

/// Extents without memory, for lists of tensors that are measured before they are bound.
template <class T>
Vector<T> unbound_vector(std::int64_t count) {
    return Vector<T>(static_cast<T*>(nullptr), static_cast<std::size_t>(count));
}
template <class T>
Matrix<T> unbound_matrix(std::int64_t rows, std::int64_t columns) {
    return Matrix<T>(static_cast<T*>(nullptr), static_cast<std::size_t>(rows),
                     static_cast<std::size_t>(columns));
}

}  // namespace dnagpt
