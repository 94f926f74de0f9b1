#include "dnagpt/ops/cross_entropy.hpp"

#include <cmath>
#include <cstdint>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/element_types.hpp"
#include "dnagpt/ops/fast_math.hpp"
#include "row_loops.hpp"

namespace dnagpt {
namespace {

/// Largest logit of a row, and the sum of exp(logit - largest).
template <class A>
struct Softmax {
    A largest;
    A sum;
};

template <class T, int width, class Lanes>
KOKKOS_INLINE_FUNCTION Softmax<accum_t<T>> softmax_of(Lanes const& lanes, T const* logits,
                                                      std::int64_t columns) {
    using A = accum_t<T>;
    A const largest = max_packs<A, width>(lanes, columns, [&](auto wide, int c) {
        auto const x = load_pack<A, wide.value>(logits + c);
        A most = x[0];
        for (int i = 1; i < wide.value; ++i) {
            most = x[i] > most ? x[i] : most;
        }
        return most;
    });
    A const sum = sum_packs<A, width>(lanes, columns, [&](auto wide, int c) {
        auto x = load_pack<A, wide.value>(logits + c);
        for (int i = 0; i < wide.value; ++i) {
            x[i] = fast_exp(x[i] - largest);
        }
        return sum_of(x);
    });
    return {largest, sum};
}

template <class A>
KOKKOS_INLINE_FUNCTION double loss_of(Softmax<A> const& softmax, A target_logit) {
    return std::log(static_cast<double>(softmax.sum)) +
           (static_cast<double>(softmax.largest) - static_cast<double>(target_logit));
}

/// A row of the loss and its gradient, in packs of `width`.
template <class T, int width>
struct LossAndGradient {
    using A = accum_t<T>;
    std::int64_t columns;
    std::int64_t stride;
    T* logits;                    // (R, stride)
    std::int32_t const* targets;  // (R)
    float const* scales;          // (R)
    double* losses;               // (R)

    template <class Lanes>
    KOKKOS_INLINE_FUNCTION void operator()(Lanes const& lanes, std::int64_t row) const {
        T* const values = logits + row * stride;
        int const target = targets[row];
        if (target < 0) {
            mask(lanes, row, values);
            return;
        }
        A const target_logit = static_cast<A>(values[target]);
        auto const softmax = softmax_of<T, width>(lanes, values, columns);
        A const row_scale = static_cast<A>(scales[row]);
        A const factor = row_scale / softmax.sum;
        for_packs<width>(lanes, columns, [&](auto wide, int c) {
            auto x = load_pack<A, wide.value>(values + c);
            for (int i = 0; i < wide.value; ++i) {
                A const share = factor * fast_exp(x[i] - softmax.largest);
                x[i] = share - (c + i == target ? row_scale : A(0));
            }
            store_pack(x, values + c);
        });
        lanes.once([&]() { losses[row] = loss_of(softmax, target_logit); });
    }

    template <class Lanes>
    KOKKOS_INLINE_FUNCTION void mask(Lanes const& lanes, std::int64_t row, T* values) const {
        for_packs<width>(lanes, columns,
                         [&](auto wide, int c) { store_pack(Pack<A, wide.value>{}, values + c); });
        lanes.once([&]() { losses[row] = 0; });
    }
};

/// A row of the loss alone.
template <class T, int width>
struct Loss {
    using A = accum_t<T>;
    std::int64_t columns;
    T const* logits;              // (R, V)
    std::int32_t const* targets;  // (R)
    double* losses;               // (R)

    template <class Lanes>
    KOKKOS_INLINE_FUNCTION void operator()(Lanes const& lanes, std::int64_t row) const {
        T const* const values = logits + row * columns;
        int const target = targets[row];
        if (target < 0) {
            lanes.once([&]() { losses[row] = 0; });
            return;
        }
        auto const softmax = softmax_of<T, width>(lanes, values, columns);
        lanes.once([&]() { losses[row] = loss_of(softmax, static_cast<A>(values[target])); });
    }
};

template <class T, int width>
void loss_and_gradient(std::int64_t rows, LossAndGradient<T, width> const& row) {
    for_each_row<width>("cross_entropy_forward_backward", rows, row.columns, row);
}

template <class T, int width>
void loss_alone(std::int64_t rows, Loss<T, width> const& row) {
    for_each_row<width>("cross_entropy_forward", rows, row.columns, row);
}

}  // namespace

template <class T>
void cross_entropy_forward_backward(Context& /*context*/, Matrix<T> logits, std::int64_t vocabulary,
                                    Vector<std::int32_t> targets, Vector<float> scale,
                                    Vector<double> row_loss) {
    std::int64_t const rows = rows_of(logits);
    std::int64_t const stride = columns_of(logits);
    DNAGPT_EXPECT(vocabulary > 0 && vocabulary <= stride && rows_of(targets) == rows);
    DNAGPT_EXPECT(rows_of(scale) == rows && rows_of(row_loss) == rows);
    if (fits_packs<T>(stride, logits.data())) {
        loss_and_gradient<T, pack_width<T>>(rows, {vocabulary, stride, logits.data(),
                                                   targets.data(), scale.data(), row_loss.data()});
    } else {
        loss_and_gradient<T, 1>(rows, {vocabulary, stride, logits.data(), targets.data(),
                                       scale.data(), row_loss.data()});
    }
}

template <class T>
void cross_entropy_forward(Context& /*context*/, Matrix<T> logits, Vector<std::int32_t> targets,
                           Vector<double> row_loss) {
    std::int64_t const rows = rows_of(logits);
    std::int64_t const columns = columns_of(logits);
    DNAGPT_EXPECT(columns > 0 && rows_of(targets) == rows && rows_of(row_loss) == rows);
    if (fits_packs<T>(columns, logits.data())) {
        loss_alone<T, pack_width<T>>(rows,
                                     {columns, logits.data(), targets.data(), row_loss.data()});
    } else {
        loss_alone<T, 1>(rows, {columns, logits.data(), targets.data(), row_loss.data()});
    }
}

#define DNAGPT_INSTANTIATE(T)                                                                    \
    template void cross_entropy_forward_backward(                                                \
        Context&, Matrix<T>, std::int64_t, Vector<std::int32_t>, Vector<float>, Vector<double>); \
    template void cross_entropy_forward(Context&, Matrix<T>, Vector<std::int32_t>, Vector<double>);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
