#include "dnagpt/train/product_choices.hpp"

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/train/training_step.hpp"

namespace dnagpt {

template <class T>
void choose_products(Context& context, TrainingMemory<T>& memory,
                     std::function<StepBatches()> const& make_trial, std::string const& stored,
                     Communicator const& world) {
    GemmEngine& engine = context.gemm;
    engine.choose_by_timing(true);
    bool const offers_a_choice = engine.chooses_by_timing();
    engine.choose_by_timing(false);
    if (!offers_a_choice) {
        return;
    }
    if (!stored.empty()) {
        engine.take_choices(stored);
        if (world.all(engine.choices() == stored)) {
            return;
        }
        log_shared_warning(
            "the algorithms of the matrix products that the checkpoint names are of another "
            "library version; they are timed anew, and results will not be bit-identical");
        engine.take_choices({});
    }
    log_info("timing the algorithms of the matrix products");
    StepBatches const trial = make_trial();
    engine.choose_by_timing(true);
    compute_gradients(context, memory, trial.micro_batches, trial.targets, TasksSection(), 0);
    engine.choose_by_timing(false);
    engine.take_choices(world.broadcast(engine.choices()));
}

template void choose_products(Context&, TrainingMemory<float>&, std::function<StepBatches()> const&,
                              std::string const&, Communicator const&);
template void choose_products(Context&, TrainingMemory<bf16>&, std::function<StepBatches()> const&,
                              std::string const&, Communicator const&);

}  // namespace dnagpt
