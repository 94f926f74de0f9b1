#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dnagpt/device/views.hpp"
#include "dnagpt/model/device_batch.hpp"
#include "dnagpt/model/gpt.hpp"
#include "dnagpt/ops/context.hpp"

namespace dnagpt {

/// What validation and prediction need of a batch, on the host.
struct Evaluation {
    /// (B T): cross-entropy in nats where the batch has a target, answers included; 0 elsewhere.
    std::vector<double> token_loss;
    /// (G): the regression head's values, in the order of the batch.
    std::vector<float> regression;
    /// (A, number of class words): logits of the class words at the answers' positions.
    std::vector<float> class_logits;
    /// (A): log sum exp of the answer's logits over the whole vocabulary, in nats. The probability
    /// of a class word is exp(class_logit - log_normaliser).
    std::vector<double> log_normaliser;
    /// (A): the largest of the answer's logits over the whole vocabulary.
    std::vector<float> largest_logit;
};

/// log of the sum of exp(logits), nats; logits (V), V > 0.
double log_sum_exp(std::span<float const> logits);

/// After gpt_forward: scores without gradients. Waits for the device.
template <class T>
Evaluation evaluate_losses(Context& context, GptParams<T> const& params, DeviceBatch const& batch,
                           GptSaved<T> const& saved, std::span<std::int32_t const> class_words);

/// After gpt_forward: (N, V) logits at the given flat positions, on the host. Waits for the device.
template <class T>
std::vector<float> token_logits(Context& context, GptParams<T> const& params,
                                GptSaved<T> const& saved, Vector<std::int32_t> positions);

/// The same of the given rows of final hidden states (R, C), such as a decoder's.
template <class T>
std::vector<float> hidden_logits(Context& context, GptParams<T> const& params, Matrix<T> hidden,
                                 Vector<std::int32_t> rows);

/// The regression head's values at the given rows of final hidden states (R, C), on the host.
template <class T>
std::vector<float> hidden_numbers(Context& context, GptParams<T> const& params, Matrix<T> hidden,
                                  Vector<std::int32_t> rows);

/// After gpt_forward: (N, G) grouped_log_sums of the logits at the given flat positions, on the
/// host, for groups of words (G, K). Waits for the device.
template <class T>
std::vector<double> grouped_token_scores(Context& context, GptParams<T> const& params,
                                         GptSaved<T> const& saved, Vector<std::int32_t> positions,
                                         Matrix<std::int32_t> groups);

}  // namespace dnagpt
