#include "dnagpt/ops/cross_entropy.hpp"

#include <cmath>
#include <cstdint>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/element_types.hpp"
#include "dnagpt/ops/fast_math.hpp"
#include "team_loops.hpp"

namespace dnagpt {
namespace {

/// Largest logit of a row, and the sum of exp(logit - largest).
template <class A>
struct Softmax {
    A largest;
    A sum;
};

template <class T>
KOKKOS_INLINE_FUNCTION Softmax<accum_t<T>> softmax_of(Team const& team, T const* logits,
                                                      std::int64_t columns) {
    using A = accum_t<T>;
    A const largest = team_max<A>(team, columns, [&](int c) { return static_cast<A>(logits[c]); });
    A const sum = team_sum<A>(team, columns,
                              [&](int c) { return fast_exp(static_cast<A>(logits[c]) - largest); });
    return {largest, sum};
}

template <class A>
KOKKOS_INLINE_FUNCTION double loss_of(Softmax<A> const& softmax, A target_logit) {
    return std::log(static_cast<double>(softmax.sum)) +
           (static_cast<double>(softmax.largest) - static_cast<double>(target_logit));
}

}  // namespace

template <class T>
void cross_entropy_forward_backward(Context& /*context*/, Matrix<T> logits,
                                    Vector<std::int32_t> targets, Vector<float> scale,
                                    Vector<double> row_loss) {
    using A = accum_t<T>;
    std::int64_t const columns = columns_of(logits);
    DNAGPT_EXPECT(columns > 0 && rows_of(targets) == rows_of(logits));
    DNAGPT_EXPECT(rows_of(scale) == rows_of(logits) && rows_of(row_loss) == rows_of(logits));
    T* const all_logits = logits.data();
    std::int32_t const* const ids = targets.data();
    float const* const scales = scale.data();
    double* const losses = row_loss.data();
    for_each_team(
        "cross_entropy_forward_backward", rows_of(logits), KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const row = team.league_rank();
            T* const values = all_logits + row * columns;
            int const target = ids[row];
            if (target < 0) {
                team_for(team, columns, [&](int c) { values[c] = T(A(0)); });
                Kokkos::single(Kokkos::PerTeam(team), [&]() { losses[row] = 0; });
                return;
            }
            A const target_logit = static_cast<A>(values[target]);
            auto const softmax = softmax_of(team, values, columns);
            A const row_scale = static_cast<A>(scales[row]);
            A const factor = row_scale / softmax.sum;
            team_for(team, columns, [&](int c) {
                A const share = factor * fast_exp(static_cast<A>(values[c]) - softmax.largest);
                values[c] = T(share - (c == target ? row_scale : A(0)));
            });
            Kokkos::single(Kokkos::PerTeam(team),
                           [&]() { losses[row] = loss_of(softmax, target_logit); });
        });
}

template <class T>
void cross_entropy_forward(Context& /*context*/, Matrix<T> logits, Vector<std::int32_t> targets,
                           Vector<double> row_loss) {
    using A = accum_t<T>;
    std::int64_t const columns = columns_of(logits);
    DNAGPT_EXPECT(columns > 0 && rows_of(targets) == rows_of(logits));
    DNAGPT_EXPECT(rows_of(row_loss) == rows_of(logits));
    T const* const all_logits = logits.data();
    std::int32_t const* const ids = targets.data();
    double* const losses = row_loss.data();
    for_each_team(
        "cross_entropy_forward", rows_of(logits), KOKKOS_LAMBDA(Team const& team) {
            std::int64_t const row = team.league_rank();
            T const* const values = all_logits + row * columns;
            int const target = ids[row];
            if (target < 0) {
                Kokkos::single(Kokkos::PerTeam(team), [&]() { losses[row] = 0; });
                return;
            }
            auto const softmax = softmax_of(team, values, columns);
            Kokkos::single(Kokkos::PerTeam(team), [&]() {
                losses[row] = loss_of(softmax, static_cast<A>(values[target]));
            });
        });
}

#define DNAGPT_INSTANTIATE(T)                                                               \
    template void cross_entropy_forward_backward(Context&, Matrix<T>, Vector<std::int32_t>, \
                                                 Vector<float>, Vector<double>);            \
    template void cross_entropy_forward(Context&, Matrix<T>, Vector<std::int32_t>, Vector<double>);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
