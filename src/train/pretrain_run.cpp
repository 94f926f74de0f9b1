#include "dnagpt/train/pretrain_run.hpp"

#include <fmt/format.h>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/profile.hpp"
#include "dnagpt/core/progress.hpp"
#include "dnagpt/data/sampler.hpp"
#include "dnagpt/data/staging.hpp"

namespace dnagpt {
namespace {

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

std::optional<PretrainData> open_validation(RunConfig const& config, std::string const& shards,
                                            PretrainData const& training,
                                            Communicator const& world) {
    std::optional<PretrainData> data;
    if (config.evaluation.every_steps > 0) {
        data.emplace(shards, Split::validation, shard_check(config.data, world));
        require_same_source(training, *data);
    }
    return data;
}

}  // namespace

template <class T>
PretrainRun<T>::PretrainRun(RunConfig const& config, Communicator const& world,
                            DeviceSession const& device)
    : world_(world),
      shards_(shards_of_this_host(config.data, world)),
      training_data_(shards_, Split::train, shard_check(config.data, world)),
      validation_data_(open_validation(config, shards_, training_data_, world)),
      training_(config, task(config), world, device) {
    if (validation_data_) {
        validation_set_.emplace(*validation_data_,
                                Vocabulary{vocabulary_kind(config.model.vocabulary)},
                                validation_settings(config, world));
    }
}

template <class T>
TrainingTask PretrainRun<T>::task(RunConfig const& config) const {
    auto const weights = read_species_weights(config.data.species_weights, training_data_);
    BatchPlan const plan = batch_plan(config, world_);
    TrainingTask task;
    task.assemble = pretraining_steps(
        training_data_, Vocabulary{vocabulary_kind(config.model.vocabulary)}, plan, weights);
    task.rows_per_epoch =
        Sampler(training_data_, plan.context_length, plan.seed, weights).samples_per_epoch();
    task.forms = {pretraining_form(config, world_.size())};
    task.weights = config.tasks;
    task.data_digest = training_data_.digest();
    task.verify_unchanged = [this] {
        training_data_.verify_unchanged();
        if (validation_data_) {
            validation_data_->verify_unchanged();
        }
    };
    task.description =
        "data " + shards_ + data_lines(training_data_, "train") +
        (validation_data_ ? data_lines(*validation_data_, "validation") : std::string());
    return task;
}

template <class T>
void PretrainRun<T>::validate() {
    ProfileScope const scope("eval", "validation, without its kernels");
    TrainingMemory<T>& memory = training_.memory();
    auto const sums = score_validation(training_.context(), memory.params, memory.saved,
                                       memory.batch, *validation_set_, world_);
    nlohmann::ordered_json line;
    line["evaluation"]["step"] = training_.step();
    std::string text = fmt::format("validation at step {}: bits per base", training_.step());
    for (std::size_t i = 0; i < sums.size(); ++i) {
        std::string const& name = validation_data_->species()[i].name();
        line["evaluation"]["bits_per_base"][name] = bits_per_base(sums[i]);
        line["evaluation"]["gc_r2"][name] = gc_r2(sums[i]);
        line["evaluation"]["order_accuracy"][name] = order_accuracy(sums[i]);
        text += fmt::format("{} {} {:.3f}", i == 0 ? "" : ",", name, bits_per_base(sums[i]));
    }
    log_info(text);
    training_.note(line);
}

template class PretrainRun<float>;
template class PretrainRun<bf16>;

}  // namespace dnagpt
