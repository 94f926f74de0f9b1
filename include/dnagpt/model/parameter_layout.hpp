#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/config/model_shape.hpp"
#include "dnagpt/model/gpt.hpp"
#include "dnagpt/model/tensor_traits.hpp"

namespace dnagpt {

/// A tensor's place in the flat vector, in elements.
struct TensorEntry {
    std::string name;
    std::int64_t offset = 0;
    std::vector<std::int64_t> shape;
    TensorTraits traits;

    std::int64_t count() const;
};

/// All parameter-shaped things (weights, gradients, master weights, Adam's m and v) are one flat
/// vector with these offsets. Tensors start at multiples of tensor_alignment; gaps stay zero.
struct ParameterLayout {
    std::vector<TensorEntry> tensors;
    /// Length of the flat vector, a multiple of tensor_alignment.
    std::int64_t size = 0;
    /// Number of parameters: the flat vector without its gaps.
    std::int64_t parameters = 0;
};

inline constexpr std::int64_t tensor_alignment = 128;

/// Throws Error where heads do not divide channels or an extent is not positive.
ParameterLayout make_parameter_layout(ModelShape const& shape);

/// Views of the flat vector `flat` (layout.size elements). `layout` is that of `shape`.
template <class T>
GptParams<T> bind_parameters(ModelShape const& shape, ParameterLayout const& layout, T* flat);

/// Initial values of elements offset .. offset + count - 1 of the flat vector, written to `out`
/// (host). Each is drawn by (seed, tensor name, element): any cut of the vector into ranges gives
/// the same values.
void draw_initial_weights(ParameterLayout const& layout, std::uint64_t seed, std::int64_t offset,
                          std::int64_t count, float* out);

}  // namespace dnagpt
