#pragma once

#include <cstdint>
#include <vector>

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/data/finetune_data.hpp"
#include "dnagpt/eval/forward_model.hpp"

namespace dnagpt {

/// A model's answer to one example; over both strands the mean, where the task says so.
struct Prediction {
    ExamplePlace place;
    std::vector<double> probabilities;  ///< by class: softmax over the class words
    double outside_mass = 0;            ///< probability of all words but the classes'
    /// by class: 1 where its word is the likeliest of the whole vocabulary, what the released
    /// classification heads' rule asks for; over both strands the mean
    std::vector<double> likeliest_of_all;
    double value = 0;  ///< the number, scaled
    /// nats: -log probability of the class among all words, or the mean over the words; or the
    /// squared error of the scaled number
    double loss = 0;
};

/// The class with the largest probability.
std::size_t predicted_class(Prediction const& prediction);

/// Answers to the examples at `places`, in their order, on every rank. Collective: ranks share the
/// work. Batches hold up to `positions` positions.
template <class T>
std::vector<Prediction> predict(ForwardModel<T> const& model, FinetuneData const& data,
                                std::vector<ExamplePlace> const& places, std::int64_t positions,
                                Blank blank, Communicator const& world);

}  // namespace dnagpt
