#include "dnagpt/train/finetune_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/profile.hpp"
#include "dnagpt/data/finetune_batches.hpp"
#include "dnagpt/eval/finetune_report.hpp"

namespace dnagpt {
namespace {

/// Names of the losses that the sets have.
LossNames loss_names(FinetuneTask const& task) {
    auto const asks = [&](AnswerKind answer) {
        return std::ranges::find(task.sets, answer, &SetTask::answer) != task.sets.end();
    };
    return {asks(AnswerKind::words) ? "words" : "", asks(AnswerKind::number) ? "number" : "",
            asks(AnswerKind::classes) ? "class" : ""};
}

std::string shape_text(ModelSection const& model) {
    return fmt::format("{} layers, {} heads, {} channels, context {}, {} vocabulary", model.layers,
                       model.heads, model.channels, model.context_length, model.vocabulary);
}

}  // namespace

RunConfig with_stored_model(RunConfig config, StartingCheckpoint const& start) {
    if (start.path.empty()) {
        return config;
    }
    std::string const given = shape_text(config.model);
    DNAGPT_VALIDATE(given == shape_text(start.model) || given == shape_text(ModelSection()),
                    << "[model] describes " << given << ", and the checkpoint " << start.path
                    << " has " << shape_text(start.model)
                    << "; leave [model] out: the checkpoint's is taken");
    std::string const recompute = config.model.recompute;
    config.model = start.model;
    config.model.recompute = recompute;
    return config;
}

template <class T>
FinetuneRun<T>::FinetuneRun(RunConfig const& config, StartingCheckpoint start,
                            Communicator const& world, DeviceSession const& device)
    : config_(config),
      start_(std::move(start)),
      world_(world),
      data_(config, Vocabulary{vocabulary_kind(config.model.vocabulary)}),
      rows_per_epoch_(std::ssize(data_.examples({Split::train}))),
      positions_(config.batch.micro_batch * data_.lengths().back()) {
    config_.model.drop =
        config.finetune.heads == "needed" ? unused_heads(data_.task()) : std::vector<std::string>();
    training_ = std::make_unique<TrainingRun<T>>(config_, task(), world, device);
}

template <class T>
TrainingTask FinetuneRun<T>::task() const {
    TrainingTask task;
    task.assemble = finetuning_steps(data_, config_, positions_, world_.rank(), world_.size());
    task.rows_per_epoch = rows_per_epoch_;
    task.forms = forms_within(data_.lengths(), positions_);
    task.weights = {1, 1};
    task.names = loss_names(data_.task());
    task.whole_rows = false;
    task.data_digest = data_.digest();
    task.verify_unchanged = [] {};  // the sets are in memory
    task.description = data_.description();
    task.record = to_text(data_.task());
    task.initial_checkpoint = start_.path;
    task.initial_digest = start_.digest;
    return task;
}

template <class T>
std::int64_t FinetuneRun<T>::epoch_of(std::int64_t step) const {
    return step * config_.finetune.rows_per_step / rows_per_epoch_;
}

template <class T>
bool FinetuneRun<T>::ends_epoch(std::int64_t step) const {
    return epoch_of(step) != epoch_of(step - 1) || step == training_->schedule().steps;
}

template <class T>
std::vector<Prediction> FinetuneRun<T>::predict_examples(std::vector<ExamplePlace> const& places) {
    TrainingMemory<T>& memory = training_->memory();
    ForwardModel<T> const model{training_->context(), memory.params, memory.saved, memory.batch};
    return predict(model, data_, places, positions_, Blank::nothing, world_);
}

template <class T>
void FinetuneRun<T>::validate() {
    ProfileScope const scope("eval", "validation, without its kernels");
    std::vector<ExamplePlace> const places = data_.examples({Split::validation});
    if (places.empty()) {
        return;
    }
    std::vector<Prediction> const predictions = predict_examples(places);
    nlohmann::ordered_json sets;
    for (std::size_t set = 0; set < data_.sets().size(); ++set) {
        sets[data_.task().sets[set].name] =
            split_scores(data_, set, Split::validation, predictions, Intervals::none);
    }
    double const score = selection_score(data_.task(), sets);
    training_->note_score(score);
    nlohmann::ordered_json line;
    auto& evaluation = line["evaluation"];
    evaluation["step"] = training_->step();
    evaluation["epoch"] = epoch_of(training_->step());
    evaluation["score"] = score;
    evaluation["sets"] = std::move(sets);
    log_info(fmt::format("validation at step {} (epoch {}): score {:.4f}, best {:.4f} at step {}",
                         training_->step(), epoch_of(training_->step()), score,
                         training_->progress().best_score, training_->progress().best_step));
    training_->note(line);
}

template <class T>
std::int64_t FinetuneRun<T>::chosen_step() const {
    std::int64_t const best = training_->progress().best_step;
    return best >= 0 ? best : training_->step();
}

template <class T>
std::vector<Prediction> FinetuneRun<T>::predict_held_out() {
    if (chosen_step() != training_->step()) {
        training_->take_weights_of(chosen_step());
    }
    return predict_examples(data_.examples({Split::validation, Split::test}));
}

template class FinetuneRun<float>;
template class FinetuneRun<bf16>;

}  // namespace dnagpt
