#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/config/model_shape.hpp"

namespace dnagpt {

/// Where a run lives and how it computes.
struct RunSection {
    std::string folder = "run";       ///< path; everything the run writes
    std::string precision = "float";  ///< "float" or "bf16": what the kernels read and write
    std::int64_t seed = 1;            ///< number; weights, rows and tasks are drawn from it
    double peak_tflops = 0;           ///< TFLOP/s of all ranks together; 0: unknown, mfu is null
    /// seconds after which the run saves at the end of a step and exits 75; leave room for a step,
    /// a validation and a save; 0: none
    double time_limit = 0;
    /// seconds before the end of a Slurm job (SLURM_JOB_END_TIME), a tenth of its time at most, at
    /// which the run saves and exits 75; 0: the job's end is not watched
    double end_margin = 300;
    /// seconds without any progress after which a rank ends the run, because another one is stopped
    /// or lost; 0: never
    double stall_seconds = 900;
    /// on GPUs equal runs give equal bits, as on CPUs always; false: somewhat faster
    bool deterministic = true;
    /// on GPUs a new run times the algorithms of its matrix products and keeps the fastest; false:
    /// it takes the library's own first proposals, which are the same in every run
    bool time_products = true;
    std::int64_t log_every_steps = 10;       ///< steps between two lines of the log
    std::vector<std::string> allow_changes;  ///< keys that may differ from the stored run
};

/// The shape of the model. A preset fills in what the file does not name.
struct ModelSection {
    std::string preset;                 ///< a row of the model table, or empty
    std::int64_t layers = 4;            ///< blocks
    std::int64_t heads = 4;             ///< heads per block; divides channels
    std::int64_t channels = 128;        ///< channels of the residual stream
    std::int64_t context_length = 128;  ///< positions of a row
    std::string vocabulary = "fixed";   ///< "fixed" (15,659) or "dynamic" (19,564)
    /// "none" or "blocks": backward computes each block's activations again from its input, bit by
    /// bit the same, instead of keeping them: less memory, more time
    std::string recompute = "none";
    /// heads that are left out: "token_head", "regression_head", "number_embedding"; pretraining
    /// needs all, fine-tuning sets it (finetune.heads)
    std::vector<std::string> drop = {};
};

struct DataSection {
    std::string shards;  ///< path; folder of token shards
    /// path; shards are copied to this folder of each host's own disk first ("$TMPDIR"), which
    /// stays the user's to empty; empty: read in place
    std::string stage;
    std::vector<std::string> species_weights;  ///< "name=weight"; empty: weights by length
};

struct TasksSection {
    double order_weight =
        0.1;  ///< weight of the sequence-order loss; 0 leaves it out of the objective
    double gc_weight = 0.01;  ///< weight of the GC loss; 0 leaves it out of the objective
};

struct BatchSection {
    std::int64_t tokens_per_step = 8192;  ///< positions; a whole number of rows
    std::int64_t micro_batch = 8;         ///< rows that go through the model at once on a rank
};

/// AdamW and clipping.
struct OptimizerSection {
    double learning_rate = 1e-4;  ///< highest rate, after warm-up
    double beta1 = 0.9;           ///< decay of the first moment
    double beta2 = 0.98;          ///< decay of the second moment
    double epsilon = 1e-8;        ///< added to the root of the second moment
    double weight_decay = 0.01;   ///< Linear weights only
    double max_norm = 1.0;        ///< global gradient norm is clipped to it; 0: never
    /// a step whose gradient norm is more than so many times the running mean is left out like one
    /// that is not finite; 0: never
    double spike_factor = 0;
};

/// Linear warm-up, then half a cosine. Give steps or epochs, not both.
struct ScheduleSection {
    std::int64_t steps = 0;            ///< steps of the whole run
    double epochs = 0;                 ///< passes over the training split instead of steps
    std::int64_t warmup_steps = 0;     ///< steps of linear warm-up
    double warmup_epochs = 0;          ///< passes of warm-up instead of steps
    double minimum_learning_rate = 0;  ///< rate at the end of the cosine
};

struct CheckpointSection {
    std::int64_t every_steps = 1000;  ///< steps between two checkpoints; the last step always saves
    std::int64_t keep_last = 3;       ///< newest checkpoints that stay
    std::int64_t keep_every_steps =
        0;  ///< a checkpoint at a multiple of it stays for good; 0: none
};

struct EvaluationSection {
    std::int64_t every_steps = 1000;        ///< steps between two validations; 0: never
    std::int64_t windows_per_species = 64;  ///< validation windows per species
};

/// One labelled set that a model is fine-tuned on, [[finetune.set]].
struct FinetuneSet {
    std::string name;    ///< in results; empty: the file's name without folder and ending
    std::string data;    ///< path; labelled set
    std::string prompt;  ///< template; empty: finetune.prompt
    std::string answer;  ///< "class", "number" or "words"; empty: what the set was made for
    double weight = 1;   ///< factor of the set's losses

    bool operator==(FinetuneSet const&) const = default;
};

struct FinetuneSection {
    /// path; checkpoint or run folder whose model and weights training starts from; empty: random
    /// weights of [model]
    std::string from;
    std::string data;  ///< path; labelled set; several: one [[finetune.set]] each
    /// template such as "<S>{sequence}<=><B>": <S> stands for the set's species token, {numbers}
    /// for its numbers; of every set that names none; empty: the template of the answer's kind
    /// (docs/downstream.md)
    std::string prompt;
    std::int64_t rows_per_step = 8;          ///< examples of a step, over all ranks
    std::string heads = "needed";            ///< "needed": other heads are left out; or "all"
    std::vector<std::string> class_weights;  ///< "balanced", or "class=weight" for each; empty: 1
    /// each training example is turned to its other strand with probability 0.5, and predictions
    /// are averaged over both strands
    bool reverse_complement = false;
    std::int64_t shift = 0;  ///< bases; up to so many are cut off a training example's beginning
    std::int64_t folds = 0;  ///< parts of a cross-validation by groups; 0: the set's own split
    std::int64_t fold = 0;   ///< the one part to test on, 1 .. folds; 0: each in turn
    std::int64_t seeds = 1;  ///< runs with run.seed, run.seed + 1, ..
    std::vector<FinetuneSet> sets;

    bool operator==(FinetuneSection const&) const = default;
};

/// Every setting of a run: default, unit and meaning stand beside the key.
struct RunConfig {
    RunSection run;
    ModelSection model;
    DataSection data;
    TasksSection tasks;
    BatchSection batch;
    OptimizerSection optimizer;
    ScheduleSection schedule;
    CheckpointSection checkpoint;
    EvaluationSection evaluation;
    FinetuneSection finetune;
};

/// The model's numbers and heads. Throws Error for an unknown vocabulary or head.
ModelShape model_shape(ModelSection const& model);

/// Throws Error naming the key where values do not fit each other.
void validate(RunConfig const& config);

/// Throws Error naming the key where the settings cannot pretrain.
void require_pretraining(RunConfig const& config);

/// Whether a run fine-tunes: it names labelled sets.
bool fine_tunes(RunConfig const& config);

/// Rows of one step over all ranks.
std::int64_t rows_per_step(RunConfig const& config);

}  // namespace dnagpt
