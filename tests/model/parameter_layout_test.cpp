#include "dnagpt/model/parameter_layout.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dnagpt/config/model_shape.hpp"
#include "dnagpt/core/check.hpp"

namespace dnagpt {
namespace {

ModelShape shape_of(ModelPreset const& preset) {
    std::int64_t const vocabulary = preset.vocabulary == "fixed" ? 15'659 : 19'564;
    return {preset.layers, preset.heads, preset.channels, preset.context_length, vocabulary};
}

TensorEntry const& find(ParameterLayout const& layout, std::string const& name) {
    for (TensorEntry const& tensor : layout.tensors) {
        if (tensor.name == name) {
            return tensor;
        }
    }
    throw Error("no tensor " + name);
}

TEST(ParameterLayout, PresetsHaveThePublishedNumberOfParameters) {
    std::map<std::string, std::int64_t> const published = {{"dnagpt_h", 113'925'120},
                                                           {"dnagpt_m", 113'925'120},
                                                           {"dnagpt_s_512", 117'170'688},
                                                           {"dnagpt_b_512", 3'113'922'560}};
    ASSERT_EQ(model_presets().size(), published.size());
    for (ModelPreset const& preset : model_presets()) {
        EXPECT_EQ(make_parameter_layout(shape_of(preset)).parameters, published.at(preset.name))
            << preset.name;
    }
}

TEST(ParameterLayout, HasThePublishedNamesAndShapes) {
    ParameterLayout const layout = make_parameter_layout({1, 2, 4, 6, 10});
    std::vector<std::pair<std::string, std::vector<std::int64_t>>> const expected = {
        {"transformer.wte.weight", {10, 4}},
        {"transformer.wpe.weight", {6, 4}},
        {"transformer.h.0.ln_1.weight", {4}},
        {"transformer.h.0.attn.c_attn.weight", {12, 4}},
        {"transformer.h.0.attn.c_proj.weight", {4, 4}},
        {"transformer.h.0.ln_2.weight", {4}},
        {"transformer.h.0.mlp.c_fc.weight", {16, 4}},
        {"transformer.h.0.mlp.c_proj.weight", {4, 16}},
        {"transformer.ln_f.weight", {4}},
        {"mlm_head.0.weight", {4, 4}},
        {"mlm_head.2.weight", {4}},
        {"mlm_head.3.weight", {10, 4}},
        {"num_regression.0.weight", {4, 4}},
        {"num_regression.2.weight", {4}},
        {"num_regression.3.weight", {1, 4}},
        {"number_embedding.0.weight", {4, 1}},
        {"number_embedding.2.weight", {4}},
        {"number_embedding.3.weight", {4, 4}}};
    ASSERT_EQ(layout.tensors.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(layout.tensors[i].name, expected[i].first);
        EXPECT_EQ(layout.tensors[i].shape, expected[i].second) << expected[i].first;
    }
}

TEST(ParameterLayout, TensorsAreAlignedAndDoNotOverlap) {
    ParameterLayout const layout = make_parameter_layout({2, 2, 12, 7, 11});
    std::int64_t end = 0;
    for (TensorEntry const& tensor : layout.tensors) {
        EXPECT_EQ(tensor.offset % tensor_alignment, 0) << tensor.name;
        EXPECT_GE(tensor.offset, end) << tensor.name;
        EXPECT_LT(tensor.offset - end, tensor_alignment) << tensor.name;
        end = tensor.offset + tensor.count();
    }
    EXPECT_EQ(layout.size % tensor_alignment, 0);
    EXPECT_GE(layout.size, end);
    EXPECT_LT(layout.size - end, tensor_alignment);
}

TEST(ParameterLayout, DecaysLinearWeightsOnly) {
    for (TensorEntry const& tensor : make_parameter_layout({2, 2, 4, 6, 10}).tensors) {
        bool const table = tensor.name.find(".wte.") != std::string::npos ||
                           tensor.name.find(".wpe.") != std::string::npos;
        EXPECT_EQ(tensor.traits.decay, tensor.shape.size() == 2 && !table) << tensor.name;
    }
}

TEST(ParameterLayout, BindsViewsAtTheOffsets) {
    ModelShape const shape{2, 2, 4, 6, 10};
    ParameterLayout const layout = make_parameter_layout(shape);
    std::vector<float> flat(static_cast<std::size_t>(layout.size));
    GptParams<float> const params = bind_parameters(shape, layout, flat.data());
    EXPECT_EQ(params.layers.size(), 2U);
    EXPECT_EQ(params.layers[1].mlp.proj.data() - flat.data(),
              find(layout, "transformer.h.1.mlp.c_proj.weight").offset);
    EXPECT_EQ(params.number_embedding.output.data() - flat.data(),
              find(layout, "number_embedding.3.weight").offset);
    EXPECT_EQ(columns_of(params.layers[1].mlp.proj), 16);
    EXPECT_THROW(bind_parameters({3, 2, 4, 6, 10}, layout, flat.data()), Error);
}

TEST(ParameterLayout, HeadsThatAreLeftOutTakeNoSpace) {
    ModelShape shape{2, 2, 4, 6, 10};
    std::int64_t const whole = make_parameter_layout(shape).parameters;
    shape.token_head = false;
    ParameterLayout const layout = make_parameter_layout(shape);
    EXPECT_EQ(whole - layout.parameters, 4 * 4 + 4 + 10 * 4);
    for (TensorEntry const& tensor : layout.tensors) {
        EXPECT_FALSE(tensor.name.starts_with("mlm_head.")) << tensor.name;
    }
    std::vector<float> flat(static_cast<std::size_t>(layout.size));
    EXPECT_EQ(bind_parameters(shape, layout, flat.data()).token_head.output.data(), nullptr);
}

TEST(ParameterLayout, RefusesImpossibleShapes) {
    try {
        make_parameter_layout({2, 3, 8, 6, 10});
        FAIL() << "3 heads of 8 channels";
    } catch (Error const& error) {
        EXPECT_NE(std::string(error.what()).find("3 heads do not divide 8 channels"),
                  std::string::npos)
            << error.what();
    }
    EXPECT_THROW(make_parameter_layout({0, 2, 8, 6, 10}), Error);
}

void expect_equal_in_ranges(ParameterLayout const& layout,
                            std::vector<std::int64_t> const& lengths) {
    std::vector<float> whole(static_cast<std::size_t>(layout.size), -9.0F);
    draw_initial_weights(layout, 5, 0, layout.size, whole.data());
    for (std::int64_t const length : lengths) {
        std::vector<float> pieces(whole.size(), 9.0F);
        for (std::int64_t first = 0; first < layout.size; first += length) {
            draw_initial_weights(layout, 5, first, std::min(length, layout.size - first),
                                 pieces.data() + first);
        }
        EXPECT_EQ(pieces, whole) << "ranges of " << length;
    }
}

TEST(InitialWeights, DoNotDependOnTheRangeInWhichTheyAreDrawn) {
    expect_equal_in_ranges(make_parameter_layout({2, 2, 12, 7, 11}), {1, 37, 128, 1000});
}

TEST(InitialWeights, DoNotDependOnTheThreadsThatDrawThem) {
    expect_equal_in_ranges(make_parameter_layout({1, 2, 64, 7, 20'001}), {100'003});
}

TEST(InitialWeights, HaveTheStatedDeviations) {
    constexpr std::int64_t layers = 8;
    ParameterLayout const layout = make_parameter_layout({layers, 2, 64, 64, 100});
    std::vector<float> flat(static_cast<std::size_t>(layout.size));
    draw_initial_weights(layout, 1, 0, layout.size, flat.data());
    auto const deviation = [&](std::string const& name) {
        TensorEntry const& tensor = find(layout, name);
        double squares = 0;
        for (std::int64_t i = 0; i < tensor.count(); ++i) {
            squares += std::pow(flat[static_cast<std::size_t>(tensor.offset + i)], 2);
        }
        return std::sqrt(squares / static_cast<double>(tensor.count()));
    };
    // The deviation estimated from n numbers is off by 1 / sqrt(2 n); five of these are allowed.
    auto const expect_deviation = [&](std::string const& name, double expected) {
        auto const count = static_cast<double>(find(layout, name).count());
        EXPECT_NEAR(deviation(name), expected, 5 * expected / std::sqrt(2 * count)) << name;
    };
    expect_deviation("transformer.wte.weight", 0.02);
    expect_deviation("transformer.h.3.attn.c_attn.weight", 0.02);
    expect_deviation("transformer.h.3.attn.c_proj.weight", 0.02 / std::sqrt(2.0 * layers));
    expect_deviation("transformer.h.7.mlp.c_proj.weight", 0.02 / std::sqrt(2.0 * layers));
    expect_deviation("number_embedding.0.weight", 1);
    expect_deviation("number_embedding.3.weight", 0.02);
    TensorEntry const& norm = find(layout, "transformer.ln_f.weight");
    for (std::int64_t i = 0; i < norm.count(); ++i) {
        EXPECT_EQ(flat[static_cast<std::size_t>(norm.offset + i)], 1.0F);
    }
}

TEST(InitialWeights, LeaveGapsZeroAndDifferBySeedAndTensor) {
    ParameterLayout const layout = make_parameter_layout({2, 2, 12, 7, 11});
    std::vector<float> one(static_cast<std::size_t>(layout.size));
    std::vector<float> other(one.size());
    draw_initial_weights(layout, 1, 0, layout.size, one.data());
    draw_initial_weights(layout, 2, 0, layout.size, other.data());
    TensorEntry const& table = layout.tensors.front();
    for (std::int64_t gap = table.count(); gap < layout.tensors[1].offset; ++gap) {
        EXPECT_EQ(one[static_cast<std::size_t>(gap)], 0.0F);
    }
    EXPECT_NE(one[0], other[0]);
    auto const first =
        static_cast<std::size_t>(find(layout, "transformer.h.0.mlp.c_fc.weight").offset);
    auto const second =
        static_cast<std::size_t>(find(layout, "transformer.h.1.mlp.c_fc.weight").offset);
    EXPECT_NE(one[first], one[second]);
}

}  // namespace
}  // namespace dnagpt
