#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dnagpt/data/finetune_task.hpp"
#include "dnagpt/eval/prompt_answers.hpp"
#include "dnagpt/genome/vocabulary.hpp"

namespace dnagpt {

/// What a table shows of an answer.
struct AnswerForm {
    AnswerKind kind = AnswerKind::words;  ///< words: the likeliest next ones
    std::vector<std::string> classes;
    std::optional<NumberScale> scale;  ///< of the number, where it is known
    std::int64_t top = 5;              ///< words shown
    bool prompts = false;              ///< free prompts: also the numbers that are asked in them
    Vocabulary vocabulary;

    /// Whether answers need logits of the last position.
    bool needs_logits() const { return kind != AnswerKind::number; }
};

/// The columns behind the id, each with a tab in front.
std::string answer_columns(AnswerForm const& form);

/// The same fields of one record. Answers are those to one input, or to both strands, which are
/// averaged (classes and numbers; of words the first counts). Of logits the last row is read.
std::string answer_fields(AnswerForm const& form, PromptInput const& input,
                          std::span<PromptAnswer const> answers);

}  // namespace dnagpt
