#pragma once

#include <cstdint>

#include "dnagpt/device/views.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// AdamW (Loshchilov, Hutter 2019, decoupled decay): m = b1 m + (1-b1) g, v = b2 v + (1-b2) g^2,
/// w -= lr (m/(1-b1^t) / (sqrt(v/(1-b2^t)) + eps) + decay w).
struct AdamwStep {
    float learning_rate = 0;
    float beta1 = 0.9F;
    float beta2 = 0.98F;
    float epsilon = 1e-8F;
    float weight_decay = 0;
    /// The gradient is multiplied by it first (clipping).
    float gradient_scale = 1;
    /// Number of this update, from 1.
    std::int64_t update = 1;
};

/// Updates master, m, v (N) in place from gradient (N) and assigns weights (N), rounded to T.
template <class T>
void adamw_update(Context& context, AdamwStep const& step, Vector<float> gradient,
                  Vector<float> master, Vector<float> m, Vector<float> v, Vector<T> weights);

}  // namespace dnagpt
