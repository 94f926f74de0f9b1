#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dnagpt/apps/prompt_sources.hpp"
#include "dnagpt/checkpoint/checkpoint_file.hpp"
#include "dnagpt/data/finetune_task.hpp"
#include "dnagpt/eval/answer_table.hpp"

namespace dnagpt {

/// What a user may say about the question; empty where the checkpoint's own task decides.
struct QuestionOptions {
    std::string task;           ///< name of one of several tasks
    std::string prompt;         ///< template, or a template's name
    std::string species_token;  ///< for `<S>`
    std::string answer;         ///< "class", "number" or "words"
    std::int64_t top = 5;
};

/// How records become inputs and answers become fields.
struct PromptQuestion {
    AnswerForm form;
    std::optional<PromptRoom> room;    ///< none for free prompts
    std::vector<NumberScale> numbers;  ///< of the input numbers, where they are known
    bool both_strands = false;

    /// One input, or one for each strand. Errors name the record.
    std::vector<PromptInput> inputs(PromptRecord const& record, std::int64_t context_length) const;
};

/// Settles what is asked; `source` gets the column names of the task where it has none. Errors: a
/// task that the checkpoint does not know, sequences without a template, `<S>` without a species.
PromptQuestion settle_question(QuestionOptions const& options, CheckpointHeader const& header,
                               PromptSourceOptions& source);

/// The same where prompts are only read: nothing is asked of the model's heads, sequences are read
/// on one strand, and where neither the checkpoint nor the user has a template it is
/// `<S>{sequence}`.
PromptQuestion settle_reading(QuestionOptions const& options, CheckpointHeader const& header,
                              PromptSourceOptions& source);

}  // namespace dnagpt
