#include "dnagpt/ops/reduction.hpp"

#include <cstdint>

#include "block_sums.hpp"

namespace dnagpt {

void add_sum(Context& context, Vector<double> values, Vector<double> sum) {
    double const* const in = values.data();
    add_block_sums<double>(
        "add_sum", context, rows_of(values), KOKKOS_LAMBDA(std::int64_t i) { return in[i]; }, sum);
}

template <class T>
void add_sum_of_squares(Context& context, Vector<T> values, Vector<double> sum) {
    T const* const in = values.data();
    add_block_sums<double>(
        "add_sum_of_squares", context, rows_of(values),
        KOKKOS_LAMBDA(std::int64_t i) {
            auto const value = static_cast<double>(static_cast<accum_t<T>>(in[i]));
            return value * value;
        },
        sum);
}

template void add_sum_of_squares(Context&, Vector<bf16>, Vector<double>);
template void add_sum_of_squares(Context&, Vector<float>, Vector<double>);
template void add_sum_of_squares(Context&, Vector<double>, Vector<double>);

}  // namespace dnagpt
