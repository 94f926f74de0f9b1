#pragma once

#include <cstdint>
#include <functional>

#include "dnagpt/model/gpt.hpp"
#include "dnagpt/ops/attention.hpp"

namespace dnagpt {

/// What a forward pass holds behind one layer; with Purpose::inference the next layer overwrites
/// it.
template <class T>
struct LayerStates {
    std::int64_t layer = 0;    ///< 1 .. L; 0: the embeddings, which have no qkv
    Matrix<T> residual;        ///< (B T, C) behind the layer
    Matrix<T> qkv;             ///< (B T, 3C)
    AttentionShape attention;  ///< of qkv
};

template <class T>
using VisitLayer = std::function<void(LayerStates<T> const&)>;

/// gpt_forward with a visit behind the embeddings and each layer. An empty visit is not called.
template <class T>
void gpt_forward_visiting(Context& context, GptParams<T> const& params, DeviceBatch const& batch,
                          GptSaved<T> const& saved, VisitLayer<T> const& visit);

}  // namespace dnagpt
