#include "dnagpt/model/parameter_layout.hpp"

#include <algorithm>
#include <cmath>
#include <thread>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/hash.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/core/random.hpp"
#include "ranges.hpp"

namespace dnagpt {
namespace {

void check_shape(ModelShape const& shape) {
    DNAGPT_VALIDATE(shape.layers > 0 && shape.heads > 0 && shape.channels > 0 &&
                        shape.context_length > 0 && shape.vocabulary_size > 0,
                    << "a model without layers, heads, channels, context or vocabulary (layers "
                    << shape.layers << ", heads " << shape.heads << ", channels " << shape.channels
                    << ", context " << shape.context_length << ", vocabulary "
                    << shape.vocabulary_size << "); every one of them must be at least 1");
    DNAGPT_VALIDATE(shape.channels % shape.heads == 0,
                    << shape.heads << " heads do not divide " << shape.channels
                    << " channels (each head gets channels / heads of them); change model.heads "
                       "or model.channels");
}

template <class T>
std::vector<std::int64_t> extents(Vector<T> const& vector) {
    return {rows_of(vector)};
}
template <class T>
std::vector<std::int64_t> extents(Matrix<T> const& matrix) {
    return {rows_of(matrix), columns_of(matrix)};
}

template <class T>
void bind(Vector<T>& vector, T* data) {
    vector = Vector<T>(data, vector.extent(0));
}
template <class T>
void bind(Matrix<T>& matrix, T* data) {
    matrix = Matrix<T>(data, matrix.extent(0), matrix.extent(1));
}

/// Some 10 ms of work: less is not worth a thread.
constexpr std::int64_t elements_per_thread = std::int64_t{1} << 18;

/// Calls work(begin, end) for parts of [0, count), on at most as many threads as there are cores
/// for this process.
template <class Work>
void for_each_part(std::int64_t count, Work const& work) {
    std::int64_t const parts =
        std::clamp<std::int64_t>(count / elements_per_thread, 1, std::max(allowed_core_count(), 1));
    std::vector<std::jthread> threads;
    for (std::int64_t part = 1; part < parts; ++part) {
        threads.emplace_back(work, count * part / parts, count * (part + 1) / parts);
    }
    work(0, count / parts);
}

void draw_tensor(TensorEntry const& tensor, std::uint64_t seed, std::int64_t first,
                 std::int64_t count, float* out) {
    if (tensor.traits.deviation == 0) {
        std::fill(out, out + count, 1.0F);
        return;
    }
    std::uint64_t const key = random_key({seed, hash_text(tensor.name)});
    auto const deviation = static_cast<double>(tensor.traits.deviation);
    for_each_part(count, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            auto const element = static_cast<std::uint64_t>(first + i);
            out[i] = static_cast<float>(deviation * random_normal(key, element));
        }
    });
}

}  // namespace

std::int64_t TensorEntry::count() const {
    std::int64_t elements = 1;
    for (std::int64_t const extent : shape) {
        elements *= extent;
    }
    return elements;
}

ParameterLayout make_parameter_layout(ModelShape const& shape) {
    check_shape(shape);
    ParameterLayout layout;
    auto params = unbound_gpt<float>(shape);
    auto const residual_share = std::sqrt(2.0F * static_cast<float>(shape.layers));
    for_each_tensor(params, [&](std::string const& name, auto& view, TensorTraits traits) {
        if (traits.residual) {
            traits.deviation /= residual_share;
        }
        TensorEntry const& entry =
            layout.tensors.emplace_back(TensorEntry{name, layout.size, extents(view), traits});
        layout.parameters += entry.count();
        layout.size += (entry.count() + tensor_alignment - 1) / tensor_alignment * tensor_alignment;
    });
    return layout;
}

template <class T>
GptParams<T> bind_parameters(ModelShape const& shape, ParameterLayout const& layout, T* flat) {
    auto params = unbound_gpt<T>(shape);
    auto entry = layout.tensors.begin();
    for_each_tensor(params, [&](std::string const& name, auto& view, TensorTraits const&) {
        DNAGPT_EXPECT(entry != layout.tensors.end() && entry->name == name &&
                      entry->shape == extents(view));
        bind(view, flat + entry->offset);
        ++entry;
    });
    return params;
}

void draw_initial_weights(ParameterLayout const& layout, std::uint64_t seed, std::int64_t offset,
                          std::int64_t count, float* out) {
    DNAGPT_EXPECT(offset >= 0 && count >= 0 && offset + count <= layout.size);
    std::fill(out, out + count, 0.0F);
    for (TensorEntry const& tensor : layout.tensors) {
        std::int64_t const begin = std::max(offset, tensor.offset);
        std::int64_t const end = std::min(offset + count, tensor.offset + tensor.count());
        if (begin < end) {
            draw_tensor(tensor, seed, begin - tensor.offset, end - begin, out + (begin - offset));
        }
    }
}

#define DNAGPT_INSTANTIATE(T) \
    template GptParams<T> bind_parameters(ModelShape const&, ParameterLayout const&, T*);
DNAGPT_FOR_ELEMENT_TYPES(DNAGPT_INSTANTIATE)

}  // namespace dnagpt
