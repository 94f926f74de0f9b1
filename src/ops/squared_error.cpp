#include "dnagpt/ops/squared_error.hpp"

#include <cstdint>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/element_types.hpp"
#include "team_loops.hpp"

namespace dnagpt {

template <class T>
void squared_error_forward_backward(Context& /*context*/, Vector<T> predicted, Vector<float> target,
                                    Vector<float> scale, Vector<double> row_loss,
                                    Vector<T> dpredicted) {
    using A = accum_t<T>;
    std::int64_t const rows = rows_of(predicted);
    DNAGPT_EXPECT(rows_of(target) == rows && rows_of(row_loss) == rows);
    DNAGPT_EXPECT(rows_of(dpredicted) == rows && rows_of(scale) == rows);
    T const* const values = predicted.data();
    float const* const wanted = target.data();
    float const* const scales = scale.data();
    double* const losses = row_loss.data();
    T* const gradients = dpredicted.data();
    for_each_element(
        "squared_error_forward_backward", rows, KOKKOS_LAMBDA(std::int64_t i) {
            A const error = static_cast<A>(values[i]) - static_cast<A>(wanted[i]);
            losses[i] = static_cast<double>(error) * static_cast<double>(error);
            gradients[i] = T(A(2) * static_cast<A>(scales[i]) * error);
        });
}

#define DNAGPT_INSTANTIATE(T)                                                        \
    template void squared_error_forward_backward(Context&, Vector<T>, Vector<float>, \
                                                 Vector<float>, Vector<double>, Vector<T>);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
