#include "dnagpt/train/pretrain_run.hpp"

#include <fmt/format.h>

#include <array>

#include "dnagpt/checkpoint/checkpoint_folder.hpp"
#include "dnagpt/config/config_file.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/io/durable_file.hpp"
#include "dnagpt/train/training_step.hpp"

namespace dnagpt {
namespace {

constexpr int most_skips_in_a_row = 3;

BatchPlan batch_plan(RunConfig const& config, Communicator const& world) {
    BatchPlan plan;
    plan.rows_per_step = rows_per_step(config);
    plan.micro_batch = config.batch.micro_batch;
    plan.context_length = config.model.context_length;
    plan.rank = world.rank();
    plan.world_size = world.size();
    plan.seed = static_cast<std::uint64_t>(config.run.seed);
    return plan;
}

template <class T>
Context make_context(RunConfig const& config, Communicator const& world, Stream stream) {
    std::int64_t const bytes =
        gpt_scratch_bytes<T>(model_shape(config.model), micro_batch_rows(config, world.size()),
                             config.model.context_length);
    return Context{stream, GemmEngine(), Arena(bytes)};
}

TargetCounts sum_over_ranks(TargetCounts const& own, Communicator const& world) {
    std::array<std::int64_t, 3> counts = {own.next_token, own.regression, own.answer};
    world.all_reduce_sum(counts);
    return {counts[0], counts[1], counts[2]};
}

ValidationSettings validation_settings(RunConfig const& config, Communicator const& world) {
    ValidationSettings settings;
    settings.windows_per_species = config.evaluation.windows_per_species;
    settings.task_rows_per_species = config.evaluation.windows_per_species;
    settings.context_length = config.model.context_length;
    settings.micro_batch = micro_batch_rows(config, world.size());
    settings.seed = static_cast<std::uint64_t>(config.run.seed);
    return settings;
}

std::string data_lines(PretrainData const& data, char const* split) {
    std::string text;
    for (SpeciesData const& species : data.species()) {
        text += fmt::format("\n  {:<26} {:<10} {:>14} words in {} contigs", species.name(), split,
                            format_count(static_cast<std::uint64_t>(species.words())),
                            species.contigs());
    }
    return text;
}

}  // namespace

template <class T>
PretrainRun<T>::PretrainRun(RunConfig const& config, Communicator const& world,
                            DeviceSession const& device)
    : config_(config),
      world_(world),
      folder_(config.run.folder, world.rank() == 0),
      vocabulary_{vocabulary_kind(config.model.vocabulary)},
      training_data_(config.data.shards, Split::train),
      collectives_(world),
      memory_(model_shape(config.model), config.optimizer, micro_batch_rows(config, world.size()),
              collectives_, world),
      context_(make_context<T>(config, world, device.stream())) {
    if (config.evaluation.every_steps > 0) {
        validation_data_.emplace(config.data.shards, Split::validation);
        validation_set_.emplace(*validation_data_, vocabulary_, validation_settings(config, world));
    }
    identity_ = {program_version("dnagpt"),
                 world.size(),
                 ExecutionSpace().concurrency(),
                 device.model(),
                 context_.gemm.description() + ", " + collectives_.description(),
                 training_data_.digest()};
    std::vector<double> const weights =
        read_species_weights(config.data.species_weights, training_data_);
    Sampler const sampler(training_data_, config.model.context_length,
                          static_cast<std::uint64_t>(config.run.seed), weights);
    schedule_ = make_schedule(config, sampler.samples_per_epoch());
    start_or_resume();
    loader_ = std::make_unique<BatchLoader>(training_data_, vocabulary_, batch_plan(config, world),
                                            progress_.step, progress_.skip_list, weights);
    log_start();
    step_began_ = Clock::now();
}

template <class T>
void PretrainRun<T>::start_or_resume() {
    auto const newest = newest_valid_checkpoint(world_, folder_.checkpoints());
    if (newest) {
        CheckpointReader const reader = CheckpointReader::open_verified(newest->path);
        progress_ = accept_checkpoint(reader.header(), config_, identity_);
        load_state(context_, reader, memory_);
        log_info(fmt::format("resumed from {} at step {}", newest->path, progress_.step));
    } else {
        initialise_weights(context_, memory_, static_cast<std::uint64_t>(config_.run.seed));
    }
    if (world_.rank() == 0) {
        std::int64_t const step = progress_.step;
        cut_after(folder_.metrics(),
                  [&](nlohmann::ordered_json const& line) { return is_after_step(line, step); });
        write_text_atomically(folder_.config(), to_toml(config_, PathKeys::keep));
        metrics_ = std::make_unique<JsonLinesWriter>(folder_.metrics());
        if (newest && step < schedule_.steps) {
            metrics_->append({{"resumed", {{"step", step}, {"world_size", world_.size()}}}});
        }
    }
}

template <class T>
void PretrainRun<T>::log_start() const {
    log_info(context_.gemm.description() + ", precision " + config_.run.precision);
    log_info("data " + config_.data.shards + data_lines(training_data_, "train") +
             (validation_data_ ? data_lines(*validation_data_, "validation") : std::string()));
    MemoryByKind const memory =
        training_memory<T>(memory_.shape, micro_batch_rows(config_, world_.size()), world_.size());
    auto const bytes = [](std::int64_t count) {
        return format_bytes(static_cast<std::uint64_t>(count));
    };
    log_info(
        fmt::format("memory of a rank: weights {}, gradients {}, master and Adam {}, activations "
                    "{}, scratch {}",
                    bytes(memory.weights), bytes(memory.gradients), bytes(memory.optimizer),
                    bytes(memory.activations), bytes(memory.scratch)));
    log_info(
        fmt::format("plan: {} parameters, steps {} to {}, {} rows of {} a step, warm-up {} steps",
                    format_count(static_cast<std::uint64_t>(memory_.layout.parameters)),
                    progress_.step, schedule_.steps, rows_per_step(config_),
                    config_.model.context_length, schedule_.warmup_steps));
}

template <class T>
void PretrainRun<T>::train_step() {
    StepBatches const batches = loader_->next();
    TargetCounts const targets = sum_over_ranks(batches.targets, world_);
    StepSums const sums = compute_gradients(context_, memory_, batches.micro_batches, targets,
                                            config_.tasks, config_.optimizer.max_norm);
    if (!sums.finite) {
        skip(batches);
        return;
    }
    double const rate = learning_rate(schedule_, progress_.step);
    memory_.optimizer.step(context_, sums, rate, progress_.step + 1,
                           memory_.gradient_sync.own_gradient(), memory_.weights.view());
    ++progress_.step;
    skipped_in_a_row_ = 0;
    report(sums, targets, rate);
}

template <class T>
void PretrainRun<T>::skip(StepBatches const& batches) {
    progress_.skip_list.push_back(batches.block);
    ++skipped_in_a_row_;
    if (world_.rank() == 0) {
        log_warning(fmt::format(
            "non-finite loss or gradient after step {}; its rows (block {}) are left out",
            progress_.step, batches.block));
    }
    DNAGPT_VALIDATE(
        skipped_in_a_row_ < most_skips_in_a_row,
        << "non-finite loss or gradient " << most_skips_in_a_row << " times in a row after step "
        << progress_.step
        << " (the weights or the learning rate are no good); move the newest checkpoint "
        << "away and start again with a lower optimizer.learning_rate, named in "
        << "run.allow_changes");
}

template <class T>
void PretrainRun<T>::report(StepSums const& sums, TargetCounts const& targets, double rate) {
    auto const now = Clock::now();
    StepMetrics metrics;
    metrics.step = progress_.step;
    metrics.losses = mean_losses(sums, targets, config_.tasks);
    metrics.learning_rate = rate;
    metrics.grad_norm = sums.grad_norm;
    metrics.tokens_per_step = config_.batch.tokens_per_step;
    metrics.tokens = progress_.step * config_.batch.tokens_per_step;
    metrics.step_seconds = std::chrono::duration<double>(now - step_began_).count();
    metrics.mfu = model_flops_utilisation(
        memory_.shape, static_cast<double>(metrics.tokens_per_step) / metrics.step_seconds,
        config_.run.peak_tflops);
    step_began_ = now;
    seconds_of_steps_ += metrics.step_seconds;
    ++steps_timed_;
    if (metrics_) {
        metrics_->append(to_json(metrics));
    }
    if (progress_.step % config_.run.log_every_steps == 0 || progress_.step == schedule_.steps) {
        double const left = seconds_of_steps_ / static_cast<double>(steps_timed_) *
                            static_cast<double>(schedule_.steps - progress_.step);
        log_info(step_line(metrics, schedule_.steps, left));
    }
}

template <class T>
void PretrainRun<T>::validate() {
    auto const sums = score_validation(context_, memory_.params, memory_.saved, memory_.batch,
                                       *validation_set_, world_);
    nlohmann::ordered_json line;
    line["evaluation"]["step"] = progress_.step;
    std::string text = fmt::format("validation at step {}: bits per base", progress_.step);
    for (std::size_t i = 0; i < sums.size(); ++i) {
        std::string const& name = validation_data_->species()[i].name();
        line["evaluation"]["bits_per_base"][name] = bits_per_base(sums[i]);
        line["evaluation"]["gc_r2"][name] = gc_r2(sums[i]);
        line["evaluation"]["order_accuracy"][name] = order_accuracy(sums[i]);
        text += fmt::format("{} {} {:.3f}", i == 0 ? "" : ",", name, bits_per_base(sums[i]));
    }
    if (metrics_) {
        metrics_->append(line);
    }
    log_info(text);
    step_began_ = Clock::now();
}

template <class T>
void PretrainRun<T>::save(bool wait) {
    if (saver_.busy()) {
        saver_.finish(world_);
        note_saved();
    }
    training_data_.verify_unchanged();
    if (validation_data_) {
        validation_data_->verify_unchanged();
    }
    saving_ = checkpoint_path(folder_.checkpoints(), progress_.step);
    saver_.start(world_, saving_, make_header(config_, memory_, progress_, identity_),
                 state_slabs(memory_));
    if (wait) {
        saver_.finish(world_);
        note_saved();
    }
}

template <class T>
void PretrainRun<T>::poll_save() {
    if (saver_.busy() && saver_.poll(world_)) {
        note_saved();
    }
}

template <class T>
void PretrainRun<T>::note_saved() {
    log_info("saved " + saving_);
    if (world_.rank() == 0) {
        note_latest(saving_);
        remove_old_checkpoints(folder_.checkpoints(), config_.checkpoint.keep_last,
                               config_.checkpoint.keep_every_steps);
    }
    world_.barrier();
}

template class PretrainRun<float>;
template class PretrainRun<bf16>;

}  // namespace dnagpt
