#include "dnagpt/model/number_embedding.hpp"

#include <algorithm>

#include "dnagpt/ops/elementwise.hpp"
#include "dnagpt/ops/embedding.hpp"
#include "dnagpt/ops/layernorm.hpp"
#include "ranges.hpp"

namespace dnagpt {
namespace {

template <class T>
struct Scratch {
    Matrix<T> values;    ///< (R, 1)
    HeadWork<T> work;    ///< (R, C)
    Matrix<T> embedded;  ///< (R, C)
    Matrix<T> gradient;  ///< (R, C)
};

template <class T>
Scratch<T> take_scratch(std::int64_t channels, std::int64_t rows, Arena& scratch) {
    return {scratch.matrix<T>(rows, 1), layout_head_work<T>(channels, rows, scratch),
            scratch.matrix<T>(rows, channels), scratch.matrix<T>(rows, channels)};
}

template <class T>
void embed_block(Context& context, HeadParams<T> const& params, Vector<float> numbers,
                 Scratch<T> const& taken) {
    convert(context, numbers, flattened(taken.values));
    head_forward(context, params, taken.values, taken.work, taken.embedded);
}

/// body(numbers, positions, scratch) for at most head_rows numbers at a time.
template <class T, class Body>
void for_each_block(Context& context, std::int64_t channels, Vector<float> numbers,
                    Vector<std::int32_t> positions, Body const& body) {
    for (std::int64_t first = 0; first < rows_of(numbers); first += head_rows) {
        std::int64_t const rows = std::min(head_rows, rows_of(numbers) - first);
        ArenaScope const scope(context.scratch);
        body(element_range(numbers, first, rows), element_range(positions, first, rows),
             take_scratch<T>(channels, rows, context.scratch));
    }
}

}  // namespace

template <class T>
void number_embedding_forward(Context& context, HeadParams<T> const& params, Vector<float> numbers,
                              Vector<std::int32_t> positions, Matrix<T> hidden) {
    for_each_block<T>(
        context, columns_of(hidden), numbers, positions,
        [&](Vector<float> some, Vector<std::int32_t> places, Scratch<T> const& taken) {
            embed_block(context, params, some, taken);
            scatter_add_rows(context, taken.embedded, places, hidden);
        });
}

template <class T>
void number_embedding_backward(Context& context, HeadParams<T> const& params, Vector<float> numbers,
                               Vector<std::int32_t> positions, Matrix<T> dhidden,
                               HeadParams<accum_t<T>> const& grads) {
    for_each_block<T>(
        context, columns_of(dhidden), numbers, positions,
        [&](Vector<float> some, Vector<std::int32_t> places, Scratch<T> const& taken) {
            embed_block(context, params, some, taken);
            gather_rows(context, dhidden, places, taken.gradient);
            head_backward(context, params, taken.values, taken.work, taken.gradient, Matrix<T>(),
                          grads);
        });
}

template <class T>
void number_embedding_scratch(std::int64_t channels, Arena& scratch) {
    take_scratch<T>(channels, head_rows, scratch);
    layernorm_scratch<T>(head_rows, channels, scratch);
}

#define DNAGPT_INSTANTIATE(T)                                                              \
    template void number_embedding_forward(Context&, HeadParams<T> const&, Vector<float>,  \
                                           Vector<std::int32_t>, Matrix<T>);               \
    template void number_embedding_backward(Context&, HeadParams<T> const&, Vector<float>, \
                                            Vector<std::int32_t>, Matrix<T>,               \
                                            HeadParams<accum_t<T>> const&);                \
    template void number_embedding_scratch<T>(std::int64_t, Arena&);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
