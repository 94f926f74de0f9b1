#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/data/labelled_set.hpp"

namespace dnagpt {

/// Mean and deviation of a number over the training examples.
struct NumberScale {
    double mean = 0;
    double deviation = 1;  ///< population; 1 where all are equal

    double scaled(double value) const { return (value - mean) / deviation; }
    double original(double value) const { return value * deviation + mean; }
};

/// What a fine-tuned model was trained to answer for one set.
struct SetTask {
    std::string name;
    AnswerKind answer = AnswerKind::classes;
    std::string prompt;  ///< template, as PromptTemplate reads it
    char species_token = 'R';
    std::vector<std::string> classes;
    std::vector<std::string> number_names;
    std::vector<NumberScale> numbers;  ///< of the input numbers
    std::string target_name;
    NumberScale target;      ///< of the number that is asked
    std::int64_t bases = 0;  ///< of each sequence where the answer is words: all have as many
};

/// Everything beside weights and settings that predictions need. Kept in checkpoints as JSON.
struct FinetuneTask {
    std::vector<SetTask> sets;
    bool reverse_complement = false;  ///< predictions are averaged over both strands
};

/// The task of the set called `name`; Error naming those that are known.
SetTask const& task_called(FinetuneTask const& task, std::string const& name);

/// Error naming the set's file and what differs where it has another answer, other classes (with
/// the first example of one) or other numbers than the task.
void require_same_task(LabelledSet const& set, SetTask const& task);

std::string to_text(FinetuneTask const& task);
/// No sets for an empty text (a checkpoint of pretraining); Error for another that to_text did not
/// make.
FinetuneTask finetune_task_from(std::string const& text);

}  // namespace dnagpt
