#include "dnagpt/train/training_memory.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "dnagpt/core/bf16.hpp"
#include "harness/device_test_session.hpp"
#include "harness/mpi_verdict.hpp"

namespace dnagpt {
namespace {

using testing::world;

constexpr ModelShape shape{2, 2, 32, 24, 301};
constexpr std::int64_t rows = 3;
constexpr BatchForm form{rows, shape.context_length};

/// What is taken is what was computed without taking anything.
template <class T>
void expect_predicted() {
    DeviceCollectives collectives(world());
    TrainingMemory<T> const memory(shape, OptimizerSection(), form, collectives, world());
    MemoryByKind const computed = training_memory<T>(shape, form, world().size());
    constexpr auto of_float = static_cast<std::int64_t>(sizeof(float));
    EXPECT_EQ(computed.weights, memory.weights.size() * static_cast<std::int64_t>(sizeof(T)));
    EXPECT_EQ(computed.gradients,
              (memory.gradients.size() + rows_of(memory.gradient_sync.own_gradient())) * of_float);
    EXPECT_EQ(computed.optimizer, 3 * rows_of(memory.optimizer.master()) * of_float);
    EXPECT_EQ(computed.saving, computed.optimizer);
    EXPECT_EQ(computed.activations, memory.activations.high_water());
}

TEST(TrainingMemory, IsWhatTheLayoutCodeComputes) {
    expect_predicted<float>();
    expect_predicted<bf16>();
}

TEST(TrainingMemory, ProductsKeepNothingOrTwoCopiesOfTheLinearWeightsOrWideOperands) {
    std::int64_t linear = 0;
    for (TensorEntry const& tensor : make_parameter_layout(shape).tensors) {
        linear += tensor.traits.decay ? tensor.count() : 0;
    }
    std::int64_t const kept = training_memory<bf16>(shape, form, 1).products;
    EXPECT_GT(linear, 0);
    GemmEngine engine;
    if (widens_operands<bf16>(engine)) {
        // The largest operands: 72 positions of the vocabulary, its weight, and its gradient.
        std::int64_t const positions = rows * shape.context_length;
        EXPECT_EQ(kept,
                  4 * (positions * shape.vocabulary_size + shape.vocabulary_size * shape.channels +
                       positions * shape.vocabulary_size));
    } else {
        EXPECT_TRUE(kept == 0 || kept >= 2 * linear * 2) << kept << " for " << linear;
    }
    EXPECT_EQ(training_memory<float>(shape, form, 4).products,
              training_memory<float>(shape, form, 1).products);
}

TEST(TrainingMemory, RecomputingTakesLessForActivationsAndNothingElse) {
    MemoryByKind const keeping = training_memory<bf16>(shape, form, 1);
    MemoryByKind const recomputing = training_memory<bf16>(shape, form, 1, Purpose::recomputing);
    EXPECT_LT(recomputing.activations, keeping.activations);
    EXPECT_EQ(recomputing.total() - recomputing.activations, keeping.total() - keeping.activations);
}

TEST(TrainingMemory, OptimizerStateIsSharedOutOverTheRanks) {
    MemoryByKind const one = training_memory<bf16>(shape, form, 1);
    MemoryByKind const four = training_memory<bf16>(shape, form, 4);
    EXPECT_NEAR(static_cast<double>(four.optimizer), static_cast<double>(one.optimizer) / 4,
                0.02 * static_cast<double>(one.optimizer));
    EXPECT_EQ(four.activations, one.activations);
}

TEST(TrainingMemory, InitialWeightsDoNotDependOnTheWorldSize) {
    DeviceCollectives collectives(world());
    TrainingMemory<float> memory(shape, OptimizerSection(), form, collectives, world());
    Context context{testing::device().stream(), GemmEngine(), Arena(0)};
    initialise_weights(context, memory, 7);
    std::vector<float> drawn(static_cast<std::size_t>(memory.layout.size));
    draw_initial_weights(memory.layout, 7, 0, memory.layout.size, drawn.data());
    EXPECT_EQ(to_host(memory.weights.data(), memory.layout.size), drawn);
}

}  // namespace
}  // namespace dnagpt
