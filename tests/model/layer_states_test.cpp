#include "dnagpt/model/layer_states.hpp"

#include <gtest/gtest.h>

#include "model/small_model.hpp"

namespace dnagpt::testing {
namespace {

/// Everything a visit sees of residual stream and qkv, one behind the other.
std::vector<std::vector<double>> states_of(Purpose purpose) {
    SmallModel<float> model(small_shape, 2, purpose);
    model.set_weights(lively_weights(model.layout, 3));
    model.batch.upload(template_batch(small_shape, {1, 2}));
    std::vector<std::vector<double>> states;
    auto const copy = [](Matrix<float> const& matrix) {
        return to_doubles(to_host(matrix.data(), static_cast<std::int64_t>(matrix.size())));
    };
    gpt_forward_visiting<float>(model.context, model.params, model.batch, model.saved,
                                [&](LayerStates<float> const& layer) {
                                    EXPECT_EQ(layer.layer, std::ssize(states) / 2);
                                    states.push_back(copy(layer.residual));
                                    states.push_back(copy(layer.qkv));
                                });
    states.push_back(copy(model.saved.residual));
    return states;
}

TEST(LayerStates, InferenceShowsWhatTrainingKeeps) {
    auto const training = states_of(Purpose::training);
    EXPECT_EQ(training, states_of(Purpose::inference));
    ASSERT_EQ(std::ssize(training), 2 * (small_shape.layers + 1) + 1);
    EXPECT_TRUE(training[1].empty());
    EXPECT_EQ(std::ssize(training[3]), 2 * small_shape.context_length * 3 * small_shape.channels);
    EXPECT_NE(training[2], training[4]);
    EXPECT_EQ(training[4], training.back());
}

TEST(LayerStates, NothingIsComputedOtherwiseThanWithoutAVisit) {
    SmallModel<float> model(small_shape, 2);
    model.set_weights(lively_weights(model.layout, 3));
    Batch const batch = template_batch(small_shape, {1, 2});
    model.forward(batch);
    auto const hidden = to_host(model.saved.hidden.data(), 2 * small_shape.context_length);
    gpt_forward_visiting<float>(model.context, model.params, model.batch, model.saved,
                                [](LayerStates<float> const&) {});
    EXPECT_EQ(hidden, to_host(model.saved.hidden.data(), 2 * small_shape.context_length));
}

}  // namespace
}  // namespace dnagpt::testing
