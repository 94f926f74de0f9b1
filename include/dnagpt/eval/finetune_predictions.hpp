#pragma once

#include <cstdint>
#include <vector>

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/data/finetune_data.hpp"
#include "dnagpt/eval/class_answer.hpp"
#include "dnagpt/eval/forward_model.hpp"

namespace dnagpt {

/// A model's answer to one example; over both strands the mean, where the task says so.
struct Prediction {
    ExamplePlace place;
    ClassAnswer classes;
    double value = 0;  ///< the number, scaled
    /// nats: -log probability of the class among all words, or the mean over the words; or the
    /// squared error of the scaled number
    double loss = 0;
};

/// Answers to the examples at `places`, in their order, on every rank. Collective: ranks share the
/// work. Batches hold up to `positions` positions.
template <class T>
std::vector<Prediction> predict(ForwardModel<T> const& model, FinetuneData const& data,
                                std::vector<ExamplePlace> const& places, std::int64_t positions,
                                Blank blank, Communicator const& world);

}  // namespace dnagpt
