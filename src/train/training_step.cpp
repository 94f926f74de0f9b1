#include "dnagpt/train/training_step.hpp"

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/model/multi_task_loss.hpp"
#include "dnagpt/ops/elementwise.hpp"

namespace dnagpt {
namespace {

double per_target(double weight, std::int64_t targets) {
    return targets == 0 ? 0.0 : weight / static_cast<double>(targets);
}

LossScales loss_scales(TargetCounts const& targets, TasksSection const& tasks) {
    LossScales scales;
    scales.next_token = static_cast<float>(per_target(1.0, targets.next_token));
    scales.regression = static_cast<float>(per_target(tasks.gc_weight, targets.regression));
    scales.answer = static_cast<float>(per_target(tasks.order_weight, targets.answer));
    return scales;
}

}  // namespace

template <class T>
StepSums compute_gradients(Context& context, TrainingMemory<T>& memory,
                           std::vector<Batch> const& micro_batches, TargetCounts const& targets,
                           TasksSection const& tasks, double max_norm) {
    LossScales const scales = loss_scales(targets, tasks);
    Vector<float> const gradients = memory.gradients.view();
    StageDone const begin_sums = [&](int stage) {
        memory.gradient_sync.begin_stage(context, gradients, stage);
    };
    fill(context, gradients, 0.0F);
    fill(context, memory.sums.view(), 0.0);
    for (Batch const& batch : micro_batches) {
        bool const overlaps = &batch == &micro_batches.back() && memory.collectives.overlaps() &&
                              !context.gemm.chooses_by_timing();
        memory.batch.upload(batch);
        gpt_forward(context, memory.params, memory.batch, memory.saved);
        start_backward(context, memory.params, memory.batch, memory.saved, scales,
                       memory.gradient_views, memory.sums.view());
        gpt_backward(context, memory.params, memory.batch, memory.saved, memory.gradient_views,
                     overlaps ? begin_sums : StageDone());
    }
    memory.gradient_sync.reduce(context, gradients);
    return memory.gradient_sync.finish(context, memory.sums.view(), max_norm);
}

StepLosses mean_losses(StepSums const& sums, TargetCounts const& targets,
                       TasksSection const& tasks) {
    StepLosses losses;
    losses.next_token = sums.next_token * per_target(1.0, targets.next_token);
    losses.regression = sums.regression * per_target(1.0, targets.regression);
    losses.answer = sums.answer * per_target(1.0, targets.answer);
    losses.loss = losses.next_token + tasks.order_weight * losses.answer +
                  tasks.gc_weight * losses.regression;
    return losses;
}

template StepSums compute_gradients(Context&, TrainingMemory<float>&, std::vector<Batch> const&,
                                    TargetCounts const&, TasksSection const&, double);
template StepSums compute_gradients(Context&, TrainingMemory<bf16>&, std::vector<Batch> const&,
                                    TargetCounts const&, TasksSection const&, double);

}  // namespace dnagpt
