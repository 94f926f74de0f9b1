#pragma once

#include <cstdint>
#include <span>

#include "dnagpt/data/batch.hpp"
#include "dnagpt/model/device_batch.hpp"
#include "dnagpt/model/gpt.hpp"
#include "dnagpt/model/token_scores.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// What a batch goes through to be scored; `batch` is overwritten.
template <class T>
struct ForwardModel {
    Context& context;
    GptParams<T> const& params;
    GptSaved<T> const& saved;
    DeviceBatch& batch;

    Evaluation evaluate(Batch const& host, std::span<std::int32_t const> class_words) const {
        batch.upload(host);
        gpt_forward(context, params, batch, saved);
        return evaluate_losses(context, params, batch, saved, class_words);
    }
};

}  // namespace dnagpt
