#include "dnagpt/train/pretrain_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "dnagpt/checkpoint/checkpoint_folder.hpp"
#include "dnagpt/config/config_file.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/profile.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/data/staging.hpp"
#include "dnagpt/io/durable_file.hpp"
#include "dnagpt/train/training_step.hpp"

namespace dnagpt {
namespace {

constexpr int most_left_out_in_a_row = 3;
constexpr int most_roll_backs = 2;

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

/// One rank of a host stages the shards; the others wait.
std::string shards_of_this_host(DataSection const& data, Communicator const& world) {
    if (data.stage.empty()) {
        return data.shards;
    }
    std::string copy = staged_folder(data.shards, data.stage);
    if (world.local_rank() == 0) {
        stage_shards(data.shards, copy);
    }
    world.barrier();
    return copy;
}

/// Each shard is read whole and verified once: by rank 0, or where it was staged.
ShardCheck shard_check(DataSection const& data, Communicator const& world) {
    return data.stage.empty() && world.rank() == 0 ? ShardCheck::all : ShardCheck::heads;
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
      shards_(shards_of_this_host(config.data, world)),
      training_data_(shards_, Split::train, shard_check(config.data, world)),
      collectives_(world),
      memory_(model_shape(config.model), config.optimizer, micro_batch_rows(config, world.size()),
              collectives_, world, training_purpose(config.model)),
      context_(make_context<T>(config, world, device.stream())),
      reporter_(config_, folder_, world.rank() == 0),
      saver_(3 * memory_.partition.own_size) {
    if (config.evaluation.every_steps > 0) {
        validation_data_.emplace(shards_, Split::validation, shard_check(config.data, world));
        require_same_source(training_data_, *validation_data_);
        validation_set_.emplace(*validation_data_, vocabulary_, validation_settings(config, world));
    }
    identity_ = {program_version("dnagpt"),
                 world.size(),
                 std::max<std::int64_t>(ExecutionSpace().concurrency(), GemmEngine::threads()),
                 device.model(),
                 context_.gemm.description() + ", " + collectives_.description(),
                 training_data_.digest()};
    species_weights_ = read_species_weights(config.data.species_weights, training_data_);
    Sampler const sampler(training_data_, config.model.context_length,
                          static_cast<std::uint64_t>(config.run.seed), species_weights_);
    schedule_ = make_schedule(config, sampler.samples_per_epoch());
    nlohmann::ordered_json event;
    if (std::string const path = load_newest(); !path.empty()) {
        log_info(fmt::format("resumed from {} at step {}", path, progress_.step));
        if (progress_.step < schedule_.steps) {
            event["resumed"] = {{"step", progress_.step}, {"world_size", world_.size()}};
        }
    }
    if (world_.rank() == 0) {
        write_text_atomically(folder_.config(), to_toml(config_, PathKeys::keep));
    }
    start_loader();
    log_start(device.free_memory());
    reporter_.start_after(progress_.step, event);
}

template <class T>
std::string PretrainRun<T>::load_newest() {
    auto const newest = newest_valid_checkpoint(world_, folder_.checkpoints());
    if (!newest) {
        progress_ = {};
        initialise_weights(context_, memory_, static_cast<std::uint64_t>(config_.run.seed));
        return {};
    }
    CheckpointReader const reader = CheckpointReader::open_verified(newest->path);
    progress_ = accept_checkpoint(reader.header(), config_, identity_);
    load_state(context_, reader, memory_);
    return newest->path;
}

template <class T>
void PretrainRun<T>::start_loader() {
    loader_ =
        std::make_unique<BatchLoader>(training_data_, vocabulary_, batch_plan(config_, world_),
                                      progress_.step, progress_.skip_list, species_weights_);
}

template <class T>
void PretrainRun<T>::log_start(std::int64_t free_memory) const {
    log_info(context_.gemm.description() + ", precision " + config_.run.precision);
    log_info("data " + shards_ + data_lines(training_data_, "train") +
             (validation_data_ ? data_lines(*validation_data_, "validation") : std::string()));
    MemoryByKind const memory = training_memory(config_, world_.size());
    auto const bytes = [](std::int64_t count) {
        return format_bytes(static_cast<std::uint64_t>(count));
    };
    log_info(
        fmt::format("memory of a rank: weights {}, copies for products {}, gradients {}, "
                    "master and Adam {}, activations "
                    "{}, scratch {}, copy for checkpoints {}; free {}",
                    bytes(memory.weights), bytes(memory.products), bytes(memory.gradients),
                    bytes(memory.optimizer), bytes(memory.activations), bytes(memory.scratch),
                    bytes(memory.saving), bytes(free_memory)));
    log_info(
        fmt::format("plan: {} parameters, steps {} to {}, {} rows of {} a step, warm-up {} steps",
                    format_count(static_cast<std::uint64_t>(memory_.layout.parameters)),
                    progress_.step, schedule_.steps, rows_per_step(config_),
                    config_.model.context_length, schedule_.warmup_steps));
}

template <class T>
bool PretrainRun<T>::train_step() {
    StepBatches const batches = loader_->next();
    TargetCounts const targets = sum_over_ranks(batches.targets, world_);
    StepSums const sums = compute_gradients(context_, memory_, batches.micro_batches, targets,
                                            config_.tasks, config_.optimizer.max_norm);
    if (!sums.finite) {
        leave_out(batches);
        return false;
    }
    double const rate = learning_rate(schedule_, progress_.step);
    memory_.optimizer.step(context_, sums, rate, progress_.step + 1,
                           memory_.gradient_sync.own_gradient(), memory_.weights.view());
    ++progress_.step;
    left_out_in_a_row_ = 0;
    reporter_.note_step(progress_.step, schedule_.steps, sums, targets, rate);
    return true;
}

template <class T>
void PretrainRun<T>::leave_out(StepBatches const& batches) {
    progress_.skip_list.push_back(batches.block);
    ++left_out_in_a_row_;
    log_shared_warning(
        fmt::format("non-finite loss or gradient after step {}; its rows (block {}) are left out",
                    progress_.step, batches.block));
    if (left_out_in_a_row_ == most_left_out_in_a_row) {
        roll_back(fmt::format("non-finite loss or gradient {} times in a row after step {}",
                              most_left_out_in_a_row, progress_.step));
    }
}

template <class T>
bool PretrainRun<T>::require_finite_weights() {
    if (memory_.optimizer.finite(context_)) {
        return true;
    }
    roll_back(fmt::format("a weight is not finite after step {}", progress_.step));
    return false;
}

template <class T>
void PretrainRun<T>::roll_back(std::string const& reason) {
    if (saver_.busy()) {
        saver_.finish(world_);
        note_saved();
    }
    DNAGPT_VALIDATE(roll_backs_ < most_roll_backs,
                    << reason
                    << " (the weights or the learning rate are no good: going back to the newest "
                    << "checkpoint and leaving out the rows after it was tried " << most_roll_backs
                    << " times); move the newest checkpoint away and start again with a lower "
                    << "optimizer.learning_rate, named in run.allow_changes");
    ++roll_backs_;
    std::int64_t const from = progress_.step;
    std::int64_t const next_block = row_block(progress_.step, progress_.skip_list);
    load_newest();
    for (std::int64_t block = row_block(progress_.step, progress_.skip_list); block < next_block;
         ++block) {
        progress_.skip_list.push_back(block);
    }
    left_out_in_a_row_ = 0;
    start_loader();
    nlohmann::ordered_json event;
    event["rolled_back"] = {{"from", from}, {"step", progress_.step}, {"reason", reason}};
    reporter_.start_after(progress_.step, event);
    log_shared_warning(fmt::format("{}: back to step {}, the rows used since are left out", reason,
                                   progress_.step));
}

template <class T>
void PretrainRun<T>::validate() {
    ProfileScope const scope("eval", "validation, without its kernels");
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
    log_info(text);
    reporter_.note(line);
}

template <class T>
void PretrainRun<T>::save(bool wait) {
    ProfileScope const scope("checkpoint", "save");
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
    ProfileScope const scope("checkpoint", "look for the end of a save");
    if (saver_.busy() && saver_.poll(world_)) {
        note_saved();
    }
}

template <class T>
void PretrainRun<T>::note_saved() {
    log_info("saved " + saving_);
    roll_backs_ = 0;
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
