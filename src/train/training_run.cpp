#include "dnagpt/train/training_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <utility>

#include "dnagpt/checkpoint/checkpoint_folder.hpp"
#include "dnagpt/comm/require_same.hpp"
#include "dnagpt/config/config_file.hpp"
#include "dnagpt/core/activity.hpp"
#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/hash.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/profile.hpp"
#include "dnagpt/core/program.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/data/sampler.hpp"
#include "dnagpt/io/durable_file.hpp"
#include "dnagpt/ops/elementwise.hpp"
#include "dnagpt/train/product_choices.hpp"
#include "dnagpt/train/starting_checkpoint.hpp"
#include "dnagpt/train/training_step.hpp"

namespace dnagpt {
namespace {

constexpr int most_left_out_in_a_row = 3;
constexpr int most_roll_backs = 2;

struct StepTotals {
    TargetCounts targets;
    std::uint64_t rows_digest = 0;
};

StepTotals sum_over_ranks(StepBatches const& own, Communicator const& world) {
    std::array<std::int64_t, 5> counts = {own.targets.next_token, own.targets.regression,
                                          own.targets.answer, own.targets.positions,
                                          static_cast<std::int64_t>(own.rows_digest)};
    world.all_reduce_sum(counts);
    return {{counts[0], counts[1], counts[2], counts[3]},
            static_cast<std::uint64_t>(counts[4]) & rows_digest_mask};
}

std::string libraries_of(Context const& context, DeviceCollectives const& collectives) {
    std::string text = context.gemm.description() + ", " + collectives.description();
    if (!AttentionEngine::library().empty()) {
        text += ", " + context.attention.description();
    }
    return text;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

template <class T>
TrainingRun<T>::TrainingRun(RunConfig const& config, TrainingTask task, Communicator const& world,
                            DeviceSession const& device)
    : config_(config),
      task_(std::move(task)),
      world_(world),
      folder_(config.run.folder, world.rank() == 0),
      collectives_(world, HostMemory::shared, config.run.deterministic),
      memory_(model_shape(config.model), config.optimizer, largest_form(task_.forms), collectives_,
              world, training_purpose(config.model)),
      context_{device.stream(), GemmEngine(),
               Arena(gpt_scratch_bytes<T>(memory_.shape, task_.forms))},
      schedule_(make_schedule(config, task_.rows_per_epoch)),
      reporter_(config_, task_.names, task_.whole_rows ? config.run.peak_tflops : 0, folder_,
                world.rank() == 0),
      saver_(3 * memory_.partition.own_size),
      injection_(world) {
    require_same(world, "training data", hash_to_hex(task_.data_digest),
                 "give all ranks the same files");
    identity_ = {program_version("dnagpt"),
                 world.size(),
                 std::max<std::int64_t>(ExecutionSpace().concurrency(), GemmEngine::threads()),
                 device.model(),
                 libraries_of(context_, collectives_),
                 task_.data_digest,
                 {}};
    context_.attention.set_deterministic(config.run.deterministic);
    nlohmann::ordered_json event;
    if (std::string const path = load_newest(); !path.empty()) {
        log_info(fmt::format("resumed from {} at step {}", path, progress_.step));
        tidy_checkpoints(path, progress_.best_step);
        if (!complete()) {
            event["resumed"] = {{"step", progress_.step}, {"world_size", world_.size()}};
        }
    }
    if (world_.rank() == 0) {
        write_text_atomically(folder_.config(), to_toml(config_, PathKeys::keep));
    }
    note_activity_step(progress_.step + 1);  // the watchdog watches the trial of the products, too
    identity_.product_choices = world_.broadcast(identity_.product_choices);
    if (config.run.time_products || !identity_.product_choices.empty()) {
        auto const make_trial = [this] { return task_.assemble(progress_.step, progress_.step); };
        choose_products(context_, memory_, make_trial, identity_.product_choices, world_);
        identity_.product_choices = context_.gemm.choices();
    }
    start_loader();
    log_start(device.free_memory());
    reporter_.start_after(progress_.step, event);
}

template <class T>
std::string TrainingRun<T>::load_newest() {
    auto const newest = newest_valid_checkpoint(world_, folder_.checkpoints());
    if (!newest) {
        progress_ = {};
        take_first_weights();
        return {};
    }
    CheckpointReader const reader = CheckpointReader::open_verified(newest->path);
    progress_ = accept_checkpoint(reader.header(), config_, identity_);
    if (identity_.product_choices.empty() &&
        reader.header().device_model == identity_.device_model) {
        identity_.product_choices = reader.header().product_choices;
    }
    forget_lost_best();
    load_state(context_, reader, memory_);
    return newest->path;
}

template <class T>
void TrainingRun<T>::take_first_weights() {
    initialise_weights(context_, memory_, static_cast<std::uint64_t>(config_.run.seed));
    if (!task_.initial_checkpoint.empty()) {
        require_unchanged(task_.initial_checkpoint, task_.initial_digest, world_);
        load_weights(context_, CheckpointReader::open_verified(task_.initial_checkpoint), memory_);
    }
}

template <class T>
void TrainingRun<T>::take_weights_of(std::int64_t step) {
    std::string const path = checkpoint_path(folder_.checkpoints(), step);
    require_whole(world_, path);
    load_state(context_, CheckpointReader::open_verified(path), memory_);
}

template <class T>
void TrainingRun<T>::note_score(double score) {
    if (progress_.best_step < 0 || score > progress_.best_score) {
        progress_.best_step = progress_.step;
        progress_.best_score = score;
    }
}

template <class T>
void TrainingRun<T>::forget_lost_best() {
    std::int64_t const best = progress_.best_step;
    if (best < 0 || best == progress_.step ||
        is_whole_checkpoint(world_, checkpoint_path(folder_.checkpoints(), best))) {
        return;
    }
    log_shared_warning(
        fmt::format("the checkpoint of the best validation, step {}, is lost; the best is looked "
                    "for from step {} on",
                    best, progress_.step));
    progress_.best_step = -1;
    progress_.best_score = 0;
}

template <class T>
void TrainingRun<T>::start_loader() {
    loader_ = std::make_unique<BatchLoader>(task_.assemble, progress_.step, progress_.skip_list);
}

template <class T>
void TrainingRun<T>::log_start(std::int64_t free_memory) const {
    bool const bf16_attention = config_.run.precision == "bf16";
    log_info(fmt::format("{}, attention by {}, precision {}{}", context_.gemm.description(),
                         bf16_attention ? context_.attention.description() : tiled_attention,
                         config_.run.precision,
                         config_.run.deterministic ? "" : ", not deterministic"));
    log_info(task_.description);
    MemoryByKind const memory = training_memory(config_, largest_form(task_.forms), world_.size());
    auto const bytes = [](std::int64_t count) {
        return format_bytes(static_cast<std::uint64_t>(count));
    };
    log_info(
        fmt::format("memory of a rank: weights {}, for products {}, gradients {}, "
                    "master and Adam {}, activations "
                    "{}, scratch {}, copy for checkpoints {}; free {}",
                    bytes(memory.weights), bytes(memory.products), bytes(memory.gradients),
                    bytes(memory.optimizer), bytes(memory.activations), bytes(memory.scratch),
                    bytes(memory.saving), bytes(free_memory)));
    log_info(fmt::format(
        "plan: {} parameters, steps {} to {}, {} rows of up to {} a step, warm-up {} steps",
        format_count(static_cast<std::uint64_t>(memory_.layout.parameters)), progress_.step,
        schedule_.steps, rows_per_step(config_), largest_form(task_.forms).length,
        schedule_.warmup_steps));
}

template <class T>
void TrainingRun<T>::log_peak_memory() const {
    auto const most = [&](std::int64_t count) {
        return format_bytes(static_cast<std::uint64_t>(world_.all_reduce_max(count)));
    };
    std::int64_t const on_gpu = used_gpu_memory();
    log_info(fmt::format("peak memory of a rank: {} on its host, {} in Kokkos buffers{}",
                         most(peak_resident_bytes()), most(peak_buffer_bytes()),
                         on_gpu > 0 ? ", " + most(on_gpu) + " in use on its GPU" : ""));
}

template <class T>
bool TrainingRun<T>::train_step() {
    std::int64_t const number = progress_.step + 1;
    note_activity_step(number);
    injection_.disturb(number);
    StepBatches const batches = loader_->next();
    StepTotals const totals = sum_over_ranks(batches, world_);
    StepSums const sums = gradients_of(batches, totals.targets, number);
    if (!sums.finite) {
        leave_out(batches, "non-finite loss or gradient");
        return false;
    }
    if (is_spike(progress_.norms, sums.grad_norm, config_.optimizer.spike_factor)) {
        leave_out(batches, fmt::format("gradient norm {:.3g} (running mean {:.3g})", sums.grad_norm,
                                       progress_.norms.mean));
        return false;
    }
    apply(sums, totals.targets, totals.rows_digest);
    return true;
}

template <class T>
StepSums TrainingRun<T>::gradients_of(StepBatches const& batches, TargetCounts const& targets,
                                      std::int64_t step) {
    Injection::Due const spoiled = injection_.take(Fault::nan, step);
    if (spoiled.here) {
        fill(context_, memory_.weights.view(), T(std::numeric_limits<float>::quiet_NaN()));
    }
    StepSums sums = compute_gradients(context_, memory_, batches.micro_batches, targets,
                                      task_.weights, config_.optimizer.max_norm);
    if (spoiled.anywhere) {
        memory_.optimizer.publish(context_, memory_.weights.view());
    }
    if (injection_.take(Fault::spike, step).anywhere) {
        sums.grad_norm *= 1000;
    }
    return sums;
}

template <class T>
void TrainingRun<T>::apply(StepSums const& sums, TargetCounts const& targets,
                           std::uint64_t rows_digest) {
    StepMetrics metrics;
    metrics.learning_rate = learning_rate(schedule_, progress_.step);
    ++progress_.step;
    memory_.optimizer.step(context_, sums, metrics.learning_rate, progress_.step,
                           memory_.gradient_sync.own_gradient(), memory_.weights.view());
    if (injection_.take(Fault::weight, progress_.step).here) {
        fill(context_, element_range(memory_.optimizer.master(), 0, 1),
             std::numeric_limits<float>::quiet_NaN());
    }
    progress_.tokens += targets.positions;
    note_norm(progress_.norms, sums.grad_norm);
    progress_.left_out_in_a_row = 0;
    metrics.losses = mean_losses(sums, targets, task_.weights);
    metrics.grad_norm = sums.grad_norm;
    metrics.tokens_of_step = targets.positions;
    metrics.rows_digest = rows_digest;
    reporter_.note_step(progress_, schedule_.steps, metrics);
}

template <class T>
void TrainingRun<T>::leave_out(StepBatches const& batches, std::string const& reason) {
    progress_.skip_list.push_back(batches.block);
    ++progress_.left_out_in_a_row;
    log_shared_warning(fmt::format("{} after step {}; its rows (block {}) are left out", reason,
                                   progress_.step, batches.block));
    if (progress_.left_out_in_a_row == most_left_out_in_a_row) {
        roll_back(fmt::format("{} {} times in a row after step {}", reason, most_left_out_in_a_row,
                              progress_.step));
    }
}

template <class T>
bool TrainingRun<T>::require_finite_weights() {
    if (memory_.optimizer.finite(context_)) {
        return true;
    }
    roll_back(fmt::format("a weight is not finite after step {}", progress_.step));
    return false;
}

template <class T>
void TrainingRun<T>::roll_back(std::string const& reason) {
    if (saver_.busy()) {
        finish_save();
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
    progress_.left_out_in_a_row = 0;
    start_loader();
    nlohmann::ordered_json event;
    event["rolled_back"] = {{"from", from}, {"step", progress_.step}, {"reason", reason}};
    reporter_.start_after(progress_.step, event);
    log_shared_warning(fmt::format("{}: back to step {}, the rows used since are left out", reason,
                                   progress_.step));
}

template <class T>
void TrainingRun<T>::save(bool wait) {
    ProfileScope const scope("checkpoint", "save");
    if (saver_.busy()) {
        log_shared_warning(saving_ +
                           " is still being written and the next save is due: training waits; "
                           "raise checkpoint.every_steps or write to a faster disk");
        finish_save();
    }
    auto const begin = std::chrono::steady_clock::now();
    folder_.require_held();
    task_.verify_unchanged();
    reporter_.sync();
    saving_ = checkpoint_path(folder_.checkpoints(), progress_.step);
    saving_best_ = progress_.best_step;
    CheckpointHeader header = make_header(config_, memory_, progress_, identity_);
    header.task = task_.record;
    saver_.start(world_, saving_, header, state_slabs(memory_));
    stood_still_ = seconds_since(begin);
    if (wait) {
        finish_save();
    }
}

template <class T>
void TrainingRun<T>::finish_save() {
    auto const begin = std::chrono::steady_clock::now();
    saver_.finish(world_);
    stood_still_ += seconds_since(begin);
    note_saved();
}

template <class T>
void TrainingRun<T>::poll_save() {
    ProfileScope const scope("checkpoint", "look for the end of a save");
    if (!saver_.busy()) {
        return;
    }
    auto const begin = std::chrono::steady_clock::now();
    bool const over = saver_.poll(world_);
    stood_still_ += seconds_since(begin);
    if (over) {
        note_saved();
    }
}

template <class T>
void TrainingRun<T>::note_saved() {
    log_info(fmt::format("saved {} (training stood still for {:.2f} s)", saving_, stood_still_));
    roll_backs_ = 0;
    tidy_checkpoints(saving_, saving_best_);
}

template <class T>
void TrainingRun<T>::tidy_checkpoints(std::string const& newest, std::int64_t best_step) {
    if (world_.rank() == 0) {
        note_latest(newest);
        if (best_step >= 0) {
            note_best(checkpoint_path(folder_.checkpoints(), best_step));
        }
        remove_old_checkpoints(folder_.checkpoints(), config_.checkpoint.keep_last,
                               config_.checkpoint.keep_every_steps, best_step);
    }
    world_.barrier();
}

template class TrainingRun<float>;
template class TrainingRun<bf16>;

}  // namespace dnagpt
