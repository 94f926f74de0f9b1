#include "dnagpt/config/run_config.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/control_letters.hpp"

namespace dnagpt {
namespace {

constexpr std::int64_t fixed_vocabulary_size = 15659;
constexpr std::int64_t dynamic_vocabulary_size = 19564;
/// `<S>`, `<M>`, the number, `<=>` and `<B>` stand beside the words of a row, and one word at
/// least.
constexpr std::int64_t shortest_context = 6;

void require_at_least_zero(char const* key, auto value) {
    DNAGPT_VALIDATE(value >= 0, << key << " = " << value << " is negative; give 0 or more");
}

void require_positive(char const* key, auto value) {
    DNAGPT_VALIDATE(value > 0, << key << " = " << value << " is not positive; give more than 0");
}

void require_share(char const* key, double value) {
    DNAGPT_VALIDATE(value >= 0 && value < 1,
                    << key << " = " << value << " is outside [0, 1); give a share below 1");
}

void validate_model(ModelSection const& model) {
    require_positive("model.layers", model.layers);
    require_positive("model.heads", model.heads);
    require_positive("model.channels", model.channels);
    DNAGPT_VALIDATE(model.channels % model.heads == 0,
                    << "model.channels = " << model.channels << " is no multiple of model.heads = "
                    << model.heads << " (every head gets the same share); change one of them");
    DNAGPT_VALIDATE(model.context_length >= shortest_context,
                    << "model.context_length = " << model.context_length
                    << " is too short; give at least " << shortest_context);
    DNAGPT_VALIDATE(model.recompute == "none" || model.recompute == "blocks",
                    << "model.recompute = \"" << model.recompute
                    << "\" is unknown; use \"none\" or \"blocks\"");
    model_shape(model);
}

void validate_schedule(ScheduleSection const& schedule) {
    DNAGPT_VALIDATE((schedule.steps > 0) != (schedule.epochs > 0),
                    << "give schedule.steps or schedule.epochs, one of the two (steps = "
                    << schedule.steps << ", epochs = " << schedule.epochs << ")");
    DNAGPT_VALIDATE(schedule.warmup_steps == 0 || schedule.warmup_epochs == 0,
                    << "give schedule.warmup_steps or schedule.warmup_epochs, not both");
}

void validate_optimizer(OptimizerSection const& optimizer) {
    require_positive("optimizer.learning_rate", optimizer.learning_rate);
    require_positive("optimizer.epsilon", optimizer.epsilon);
    require_share("optimizer.beta1", optimizer.beta1);
    require_share("optimizer.beta2", optimizer.beta2);
    require_at_least_zero("optimizer.weight_decay", optimizer.weight_decay);
    require_at_least_zero("optimizer.max_norm", optimizer.max_norm);
    DNAGPT_VALIDATE(optimizer.spike_factor == 0 || optimizer.spike_factor > 1,
                    << "optimizer.spike_factor = " << optimizer.spike_factor
                    << " would leave usual steps out; give more than 1, or 0 for no such rule");
}

void validate_ranges(RunConfig const& config) {
    require_at_least_zero("run.peak_tflops", config.run.peak_tflops);
    require_at_least_zero("run.time_limit", config.run.time_limit);
    require_at_least_zero("run.end_margin", config.run.end_margin);
    require_at_least_zero("run.stall_seconds", config.run.stall_seconds);
    require_at_least_zero("tasks.order_weight", config.tasks.order_weight);
    require_at_least_zero("tasks.gc_weight", config.tasks.gc_weight);
    require_at_least_zero("schedule.warmup_steps", config.schedule.warmup_steps);
    require_at_least_zero("schedule.warmup_epochs", config.schedule.warmup_epochs);
    require_at_least_zero("schedule.minimum_learning_rate", config.schedule.minimum_learning_rate);
    require_positive("evaluation.windows_per_species", config.evaluation.windows_per_species);
    require_positive("batch.micro_batch", config.batch.micro_batch);
    require_positive("checkpoint.every_steps", config.checkpoint.every_steps);
    require_positive("checkpoint.keep_last", config.checkpoint.keep_last);
    require_positive("run.log_every_steps", config.run.log_every_steps);
}

/// A set's name stands in the name of its table of predictions, and in tables.
void require_file_name(std::string const& name) {
    constexpr std::size_t longest = 200;
    bool const fits = name.size() <= longest && std::ranges::none_of(name, [](char letter) {
                          return is_control_letter(letter) || letter == '/';
                      });
    DNAGPT_VALIDATE(fits, << "the name of a set cannot be part of a file's name (it is longer than "
                          << longest << " letters, or holds a / or a control character); give "
                          << "finetune.set.name another instead of " << name.substr(0, 40));
}

void validate_set(FinetuneSet const& set) {
    require_file_name(set.name);
    require_positive("finetune.set.weight", set.weight);
    DNAGPT_VALIDATE(set.answer.empty() || set.answer == "class" || set.answer == "number" ||
                        set.answer == "words",
                    << "finetune.set.answer = \"" << set.answer
                    << "\" is unknown; use \"class\", \"number\" or \"words\"");
}

void validate_finetune(FinetuneSection const& finetune) {
    constexpr std::int64_t longest_shift = 5;
    require_positive("finetune.rows_per_step", finetune.rows_per_step);
    require_positive("finetune.seeds", finetune.seeds);
    DNAGPT_VALIDATE(
        finetune.heads == "needed" || finetune.heads == "all",
        << "finetune.heads = \"" << finetune.heads << "\" is unknown; use \"needed\" or \"all\"");
    DNAGPT_VALIDATE(finetune.shift >= 0 && finetune.shift <= longest_shift,
                    << "finetune.shift = " << finetune.shift
                    << " is outside 0 .. 5 (six bases are a whole word); correct it");
    DNAGPT_VALIDATE(finetune.folds == 0 || finetune.folds >= 2,
                    << "finetune.folds = " << finetune.folds
                    << " leaves nothing to train on; give 2 or more, or 0 for the set's own split");
    DNAGPT_VALIDATE(finetune.fold >= 0 && finetune.fold <= finetune.folds,
                    << "finetune.fold = " << finetune.fold << " is none of the " << finetune.folds
                    << " parts; give 1 .. finetune.folds, or 0 for all");
    std::set<std::string> names;
    for (FinetuneSet const& set : finetune.sets) {
        validate_set(set);
        DNAGPT_VALIDATE(names.insert(set.name).second,
                        << "two sets of [[finetune.set]] are called '" << set.name
                        << "'; give each a name of its own");
    }
}

}  // namespace

ModelShape model_shape(ModelSection const& model) {
    DNAGPT_VALIDATE(model.vocabulary == "fixed" || model.vocabulary == "dynamic",
                    << "model.vocabulary = \"" << model.vocabulary
                    << "\" is unknown; use \"fixed\" or \"dynamic\"");
    for (std::string const& head : model.drop) {
        DNAGPT_VALIDATE(
            head == "token_head" || head == "regression_head" || head == "number_embedding",
            << "model.drop names '" << head
            << "', which is no head; use token_head, regression_head or number_embedding");
    }
    auto const has = [&](char const* head) {
        return std::ranges::find(model.drop, head) == model.drop.end();
    };
    return {model.layers,
            model.heads,
            model.channels,
            model.context_length,
            model.vocabulary == "fixed" ? fixed_vocabulary_size : dynamic_vocabulary_size,
            has("token_head"),
            has("regression_head"),
            has("number_embedding")};
}

void validate(RunConfig const& config) {
    validate_model(config.model);
    validate_schedule(config.schedule);
    DNAGPT_VALIDATE(config.run.precision == "float" || config.run.precision == "bf16",
                    << "run.precision = \"" << config.run.precision
                    << "\" is unknown; use \"float\" or \"bf16\"");
    validate_optimizer(config.optimizer);
    validate_ranges(config);
    validate_finetune(config.finetune);
}

void require_pretraining(RunConfig const& config) {
    DNAGPT_VALIDATE(config.model.drop.empty() && config.finetune == FinetuneSection(),
                    << "model.drop and [finetune] are for dnagpt finetune; leave them out");
    DNAGPT_VALIDATE(config.batch.tokens_per_step > 0 &&
                        config.batch.tokens_per_step % config.model.context_length == 0,
                    << "batch.tokens_per_step = " << config.batch.tokens_per_step
                    << " is no whole number of rows of model.context_length = "
                    << config.model.context_length << "; give a multiple of it");
}

bool fine_tunes(RunConfig const& config) {
    return !config.finetune.sets.empty();
}

std::int64_t rows_per_step(RunConfig const& config) {
    return fine_tunes(config) ? config.finetune.rows_per_step
                              : config.batch.tokens_per_step / config.model.context_length;
}

}  // namespace dnagpt
