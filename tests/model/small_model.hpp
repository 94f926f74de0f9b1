#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dnagpt/config/model_shape.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/random.hpp"
#include "dnagpt/data/batch.hpp"
#include "dnagpt/device/arena.hpp"
#include "dnagpt/device/buffer.hpp"
#include "dnagpt/model/device_batch.hpp"
#include "dnagpt/model/gpt.hpp"
#include "dnagpt/model/multi_task_loss.hpp"
#include "dnagpt/model/parameter_layout.hpp"
#include "dnagpt/ops/context.hpp"
#include "dnagpt/ops/elementwise.hpp"

namespace dnagpt::testing {

inline constexpr ModelShape small_shape{2, 2, 8, 10, 37};

/// Weights of order one after each layer, so that a wrong formula anywhere shows.
inline std::vector<double> lively_weights(ParameterLayout const& layout, std::uint64_t seed) {
    std::vector<double> flat(static_cast<std::size_t>(layout.size), 0.0);
    for (TensorEntry const& tensor : layout.tensors) {
        bool const norm = tensor.shape.size() == 1;
        double const deviation =
            norm
                ? 0.2
                : (tensor.traits.decay ? 1 / std::sqrt(static_cast<double>(tensor.shape[1])) : 0.5);
        for (std::int64_t i = 0; i < tensor.count(); ++i) {
            auto const place = static_cast<std::uint64_t>(tensor.offset + i);
            flat[place] = (norm ? 1.0 : 0.0) + deviation * random_normal(seed, place);
        }
    }
    return flat;
}

/// Adds a row of the pretraining template: species, words, M, number, words, '=', B. One target is
/// masked as a word holding N would be.
inline void add_template_row(Batch& batch, ModelShape const& shape, std::uint64_t seed) {
    auto const length = static_cast<std::int32_t>(batch.context_length);
    auto const first = static_cast<std::int32_t>(batch.rows) * length;
    auto const mark =
        static_cast<std::int32_t>(2 + random_below(seed, 0, shape.context_length - 5));
    for (std::int32_t t = 0; t < length; ++t) {
        auto const word = random_below(seed, static_cast<std::uint64_t>(t) + 1,
                                       static_cast<std::uint64_t>(shape.vocabulary_size));
        batch.tokens.push_back(t == mark + 1 ? -1 : static_cast<std::int32_t>(word));
    }
    for (std::int32_t t = 0; t < length; ++t) {
        bool const masked = t + 3 >= length || t == mark || t + 1 == mark || t == 0;
        batch.targets.push_back(masked ? -1
                                       : batch.tokens[static_cast<std::size_t>(first + t + 1)]);
    }
    batch.number_positions.push_back(first + mark + 1);
    batch.number_values.push_back(static_cast<float>(random_normal(seed, 1000)));
    batch.regression_positions.push_back(first + mark);
    batch.regression_targets.push_back(static_cast<float>(random_normal(seed, 1001)));
    batch.answer_positions.push_back(first + length - 1);
    batch.answer_targets.push_back(static_cast<std::int32_t>(random_below(seed, 1002, 2)));
    batch.species.push_back(0);
    ++batch.rows;
}

inline Batch template_batch(ModelShape const& shape, std::vector<std::uint64_t> const& seeds) {
    Batch batch;
    batch.context_length = shape.context_length;
    for (std::uint64_t const seed : seeds) {
        add_template_row(batch, shape, seed);
    }
    return batch;
}

struct StepResult {
    std::vector<double> sums;
    std::vector<double> gradient;  ///< flat

    double loss(LossScales const& scales) const {
        return static_cast<double>(scales.next_token) * sums[next_token_sum] +
               static_cast<double>(scales.regression) * sums[regression_sum] +
               static_cast<double>(scales.answer) * sums[answer_sum];
    }
};

template <class From>
std::vector<double> to_doubles(std::vector<From> const& values) {
    std::vector<double> doubles;
    for (From const value : values) {
        doubles.push_back(static_cast<double>(static_cast<accum_t<From>>(value)));
    }
    return doubles;
}

/// A model with its memory.
template <class T>
class SmallModel {
  public:
    explicit SmallModel(ModelShape const& model_shape, std::int64_t max_rows,
                        Purpose purpose = Purpose::training)
        : shape(model_shape),
          layout(make_parameter_layout(shape)),
          weights("weights", layout.size),
          gradients("gradients", layout.size),
          sums("sums", loss_sums),
          context{{}, {}, Arena(gpt_scratch_bytes<T>(shape, max_rows, shape.context_length))},
          activations(activation_bytes(shape, max_rows, purpose)),
          saved(layout_gpt_saved<T>(shape, max_rows * shape.context_length, purpose, activations)),
          batch(shape, max_rows * shape.context_length),
          params(bind_parameters(shape, layout, weights.data())),
          gradient_views(bind_parameters(shape, layout, gradients.data())) {}

    static std::int64_t activation_bytes(ModelShape const& shape, std::int64_t rows,
                                         Purpose purpose) {
        return gpt_saved_bytes<T>(shape, rows * shape.context_length, purpose);
    }

    void set_weights(std::vector<double> const& flat) {
        std::vector<T> rounded;
        for (double const value : flat) {
            rounded.push_back(static_cast<T>(static_cast<accum_t<T>>(value)));
        }
        copy_to_device(rounded.data(), weights.data(), layout.size);
    }

    void forward(Batch const& host) {
        batch.upload(host);
        gpt_forward(context, params, batch, saved);
    }

    /// Adds the batch's gradients and sums to those that stand there.
    void accumulate(Batch const& host, LossScales const& scales) {
        forward(host);
        start_backward(context, params, batch, saved, scales, gradient_views, sums.view());
        gpt_backward(context, params, batch, saved, gradient_views);
    }

    void clear() {
        fill(context, gradients.view(), accum_t<T>(0));
        fill(context, sums.view(), 0.0);
    }

    StepResult result() const {
        return {to_host(sums.data(), loss_sums),
                to_doubles(to_host(gradients.data(), gradients.size()))};
    }

    StepResult step(Batch const& host, LossScales const& scales) {
        clear();
        accumulate(host, scales);
        return result();
    }

    ModelShape shape;
    ParameterLayout layout;
    Buffer<T> weights;
    Buffer<accum_t<T>> gradients;
    Buffer<double> sums;
    Context context;
    Arena activations;
    GptSaved<T> saved;
    DeviceBatch batch;
    GptParams<T> params;
    GptParams<accum_t<T>> gradient_views;
};

}  // namespace dnagpt::testing
