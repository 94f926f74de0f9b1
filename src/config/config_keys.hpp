#pragma once

#include "dnagpt/config/run_config.hpp"

namespace dnagpt {

/// What a key is, beside its type.
enum class KeyKind {
    fixed,  ///< belongs to the run: a change is refused
    free,   ///< may change between two starts
    path,   ///< names a place on this machine: not stored, not compared
};

/// The one list of keys: visit(section, key, value, kind). Reading, writing, comparing follow it.
template <class Config, class Visit>
void visit_keys(Config& c, Visit&& visit) {
    using enum KeyKind;
    visit("run", "folder", c.run.folder, path);
    visit("run", "precision", c.run.precision, fixed);
    visit("run", "seed", c.run.seed, fixed);
    visit("run", "peak_tflops", c.run.peak_tflops, free);
    visit("run", "time_limit", c.run.time_limit, free);
    visit("run", "end_margin", c.run.end_margin, free);
    visit("run", "stall_seconds", c.run.stall_seconds, free);
    visit("run", "deterministic", c.run.deterministic, free);
    visit("run", "time_products", c.run.time_products, free);
    visit("run", "log_every_steps", c.run.log_every_steps, free);
    visit("run", "allow_changes", c.run.allow_changes, free);
    visit("model", "preset", c.model.preset, fixed);
    visit("model", "layers", c.model.layers, fixed);
    visit("model", "heads", c.model.heads, fixed);
    visit("model", "channels", c.model.channels, fixed);
    visit("model", "context_length", c.model.context_length, fixed);
    visit("model", "vocabulary", c.model.vocabulary, fixed);
    visit("model", "recompute", c.model.recompute, free);
    visit("model", "drop", c.model.drop, fixed);
    visit("data", "shards", c.data.shards, path);
    visit("data", "stage", c.data.stage, path);
    visit("data", "species_weights", c.data.species_weights, fixed);
    visit("tasks", "order_weight", c.tasks.order_weight, fixed);
    visit("tasks", "gc_weight", c.tasks.gc_weight, fixed);
    visit("batch", "tokens_per_step", c.batch.tokens_per_step, fixed);
    visit("batch", "micro_batch", c.batch.micro_batch, fixed);
    visit("optimizer", "learning_rate", c.optimizer.learning_rate, fixed);
    visit("optimizer", "beta1", c.optimizer.beta1, fixed);
    visit("optimizer", "beta2", c.optimizer.beta2, fixed);
    visit("optimizer", "epsilon", c.optimizer.epsilon, fixed);
    visit("optimizer", "weight_decay", c.optimizer.weight_decay, fixed);
    visit("optimizer", "max_norm", c.optimizer.max_norm, fixed);
    visit("optimizer", "spike_factor", c.optimizer.spike_factor, free);
    visit("schedule", "steps", c.schedule.steps, free);
    visit("schedule", "epochs", c.schedule.epochs, fixed);
    visit("schedule", "warmup_steps", c.schedule.warmup_steps, fixed);
    visit("schedule", "warmup_epochs", c.schedule.warmup_epochs, fixed);
    visit("schedule", "minimum_learning_rate", c.schedule.minimum_learning_rate, fixed);
    visit("checkpoint", "every_steps", c.checkpoint.every_steps, free);
    visit("checkpoint", "keep_last", c.checkpoint.keep_last, free);
    visit("checkpoint", "keep_every_steps", c.checkpoint.keep_every_steps, free);
    visit("evaluation", "every_steps", c.evaluation.every_steps, free);
    visit("evaluation", "windows_per_species", c.evaluation.windows_per_species, free);
    visit("finetune", "from", c.finetune.from, path);
    visit("finetune", "data", c.finetune.data, path);
    visit("finetune", "prompt", c.finetune.prompt, fixed);
    visit("finetune", "rows_per_step", c.finetune.rows_per_step, fixed);
    visit("finetune", "heads", c.finetune.heads, fixed);
    visit("finetune", "class_weights", c.finetune.class_weights, fixed);
    visit("finetune", "reverse_complement", c.finetune.reverse_complement, fixed);
    visit("finetune", "shift", c.finetune.shift, fixed);
    visit("finetune", "folds", c.finetune.folds, fixed);
    visit("finetune", "fold", c.finetune.fold, fixed);
    visit("finetune", "seeds", c.finetune.seeds, free);
}

/// The same for one [[finetune.set]]: visit(key, value, kind).
template <class Set, class Visit>
void visit_set_keys(Set& set, Visit&& visit) {
    using enum KeyKind;
    visit("name", set.name, fixed);
    visit("data", set.data, path);
    visit("prompt", set.prompt, fixed);
    visit("answer", set.answer, fixed);
    visit("weight", set.weight, fixed);
}

}  // namespace dnagpt
