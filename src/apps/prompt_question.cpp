#include "dnagpt/apps/prompt_question.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "dnagpt/config/run_config.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/data/sampler.hpp"
#include "dnagpt/eval/loaded_model.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "dnagpt/genome/prompt.hpp"

namespace dnagpt {
namespace {

/// The task that is asked about; none where the checkpoint has none, or a template is given.
std::optional<SetTask> task_of(QuestionOptions const& options, FinetuneTask const& task) {
    if (!options.task.empty()) {
        return task_called(task, options.task);
    }
    if (task.sets.empty() || !options.prompt.empty()) {
        return std::nullopt;
    }
    DNAGPT_VALIDATE(task.sets.size() == 1, << "the checkpoint was fine-tuned for "
                                           << task.sets.size() << " tasks; choose one with --task");
    return task.sets.front();
}

PromptTemplate template_of(QuestionOptions const& options, std::optional<SetTask> const& task,
                           Vocabulary vocabulary) {
    std::string const text = task ? task->prompt : options.prompt;
    DNAGPT_VALIDATE(!text.empty(), << "the checkpoint was not fine-tuned (it does not know how to "
                                   << "read a sequence); give --template, such as "
                                   << "\"<S>{sequence}\"");
    std::string const in_full = PromptTemplate(text, vocabulary, 'R').text();
    bool const asks_species = in_full.find("<S>") != std::string::npos;
    DNAGPT_VALIDATE(task || !asks_species || !options.species_token.empty(),
                    << "<S> in the prompt stands for a species; name its token with "
                       "--species-token, such as R for human");
    std::string const token = !options.species_token.empty() ? options.species_token
                              : task                         ? std::string(1, task->species_token)
                                                             : "R";
    return {text, vocabulary, token.front()};
}

AnswerKind kind_of(QuestionOptions const& options, std::optional<SetTask> const& task,
                   std::optional<PromptRoom> const& room, Vocabulary vocabulary) {
    if (!options.answer.empty()) {
        return answer_called(options.answer);
    }
    if (task) {
        return task->answer;
    }
    if (!room) {
        return AnswerKind::words;
    }
    std::optional<TokenId> const last = room->prompt.last_token();
    PromptTemplate const released("released_class", vocabulary, 'R');
    bool const asks_class = last == b_token || room->prompt.text() == released.text();
    return last == m_token ? AnswerKind::number
           : asks_class    ? AnswerKind::classes
                           : AnswerKind::words;
}

AnswerForm form_of(QuestionOptions const& options, std::optional<SetTask> const& task,
                   std::optional<PromptRoom> const& room, Vocabulary vocabulary) {
    AnswerForm form;
    form.kind = kind_of(options, task, room, vocabulary);
    form.classes = task && task->answer == AnswerKind::classes
                       ? task->classes
                       : std::vector<std::string>{"false", "true"};
    if (task && task->answer == AnswerKind::number) {
        form.scale = task->target;
    }
    form.top = options.top;
    form.prompts = !room;
    form.vocabulary = vocabulary;
    return form;
}

/// How sequences and numbers become prompts; nothing for free prompts.
void settle_room(QuestionOptions const& options, std::optional<SetTask> const& task,
                 RunConfig const& config, PromptSourceOptions& source, PromptQuestion& question) {
    if (source.free_prompts()) {
        return;
    }
    if (task && source.number_columns.empty()) {
        source.number_columns = task->number_names;
    }
    Vocabulary const vocabulary{vocabulary_kind(config.model.vocabulary)};
    auto const& names = task ? task->number_names : source.number_columns;
    question.room = PromptRoom{template_of(options, task, vocabulary), config.model.context_length,
                               std::ssize(names)};
    question.numbers = task ? task->numbers : std::vector<NumberScale>();
}

void require_heads(AnswerForm const& form, RunConfig const& config) {
    ModelShape const shape = model_shape(config.model);
    DNAGPT_VALIDATE(!form.needs_logits() || shape.token_head,
                    << "the checkpoint answers numbers alone (it was fine-tuned without the token "
                       "head); give prompts that end with <M> and --answer number");
    DNAGPT_VALIDATE(form.kind != AnswerKind::number || shape.regression_head,
                    << "the checkpoint answers no numbers (it was fine-tuned without the "
                       "regression head); use another one");
}

}  // namespace

std::vector<PromptInput> PromptQuestion::inputs(PromptRecord const& record,
                                                std::int64_t context_length) const {
    std::vector<PromptInput> inputs;
    try {
        if (!room) {
            inputs.push_back(prompt_input(parse_prompt(record.text, form.vocabulary)));
        } else {
            std::vector<float> scaled;
            for (std::size_t i = 0; i < record.numbers.size(); ++i) {
                double const number = record.numbers[i];
                scaled.push_back(
                    static_cast<float>(numbers.empty() ? number : numbers[i].scaled(number)));
            }
            std::vector<std::uint8_t> codes = base_codes(record.text);
            inputs.push_back({room->prompt.fill(codes, scaled), {}});
            if (both_strands) {
                reverse_complement_bases(codes);
                inputs.push_back({room->prompt.fill(codes, scaled), {}});
            }
        }
    } catch (Error const& error) {
        throw Error(fmt::format("{}: {}", record.id, error.what()));
    }
    DNAGPT_VALIDATE(inputs.front().length() <= context_length,
                    << record.id << ": the prompt has " << inputs.front().length()
                    << " positions for a context of " << context_length << "; shorten it");
    DNAGPT_VALIDATE(form.kind != AnswerKind::number || inputs.front().ends_with_m(),
                    << record.id << ": the prompt does not end with <M>, where a number is "
                    << "answered; add it");
    return inputs;
}

PromptQuestion settle_question(QuestionOptions const& options, CheckpointHeader const& header,
                               PromptSourceOptions& source) {
    FinetuneTask const tasks = finetune_task_from(header.task);
    RunConfig const config = stored_config(header);
    Vocabulary const vocabulary{vocabulary_kind(config.model.vocabulary)};
    std::optional<SetTask> const task = task_of(options, tasks);
    PromptQuestion question;
    settle_room(options, task, config, source, question);
    question.both_strands = question.room && task && tasks.reverse_complement;
    question.form = form_of(options, task, question.room, vocabulary);
    if (question.room && question.form.kind == AnswerKind::words) {
        // Pretraining asks for no word behind.
        question.room->context_length -= template_positions;
    }
    require_heads(question.form, config);
    return question;
}

PromptQuestion settle_reading(QuestionOptions const& given, CheckpointHeader const& header,
                              PromptSourceOptions& source) {
    FinetuneTask const tasks = finetune_task_from(header.task);
    QuestionOptions options = given;
    if (tasks.sets.empty() && options.prompt.empty()) {
        options.prompt = "<S>{sequence}";
    }
    RunConfig const config = stored_config(header);
    PromptQuestion question;
    settle_room(options, task_of(options, tasks), config, source, question);
    question.form.vocabulary = {vocabulary_kind(config.model.vocabulary)};
    return question;
}

}  // namespace dnagpt
