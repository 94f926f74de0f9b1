#include "dnagpt/ops/adamw.hpp"

#include <cmath>
#include <cstdint>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/element_types.hpp"
#include "team_loops.hpp"

namespace dnagpt {

template <class T>
void adamw_update(Context& /*context*/, AdamwStep const& step, Vector<float> gradient,
                  Vector<float> master, Vector<float> m, Vector<float> v, Vector<T> weights) {
    std::int64_t const count = rows_of(gradient);
    DNAGPT_EXPECT(rows_of(master) == count && rows_of(m) == count && rows_of(v) == count);
    DNAGPT_EXPECT(rows_of(weights) == count && step.update >= 1);
    AdamwStep const s = step;
    auto const update = static_cast<double>(step.update);
    auto const m_factor = static_cast<float>(1 / (1 - std::pow(double{step.beta1}, update)));
    auto const v_factor = static_cast<float>(1 / (1 - std::pow(double{step.beta2}, update)));
    float const* const gradients = gradient.data();
    float* const masters = master.data();
    float* const ms = m.data();
    float* const vs = v.data();
    T* const stored = weights.data();
    for_each_element(
        "adamw_update", count, KOKKOS_LAMBDA(std::int64_t i) {
            float const g = s.gradient_scale * gradients[i];
            float const mean = s.beta1 * ms[i] + (1 - s.beta1) * g;
            float const square = s.beta2 * vs[i] + (1 - s.beta2) * g * g;
            float const old = masters[i];
            float const direction =
                mean * m_factor / (std::sqrt(square * v_factor) + s.epsilon) + s.weight_decay * old;
            float const value = old - s.learning_rate * direction;
            ms[i] = mean;
            vs[i] = square;
            masters[i] = value;
            stored[i] = T(value);
        });
}

#define DNAGPT_INSTANTIATE(T)                                                            \
    template void adamw_update(Context&, AdamwStep const&, Vector<float>, Vector<float>, \
                               Vector<float>, Vector<float>, Vector<T>);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
