#include "dnagpt/eval/layer_choice.hpp"

#include <gtest/gtest.h>

#include "harness/message_of.hpp"

namespace dnagpt {
namespace {

constexpr KnownLayers states{0, 2, true};
constexpr KnownLayers maps{1, 2, false};

TEST(LayerChoice, ReadsNumbersFinalAndAll) {
    EXPECT_EQ(layers_called({"2", "final", "0"}, states), (std::vector<std::int64_t>{2, -1, 0}));
    EXPECT_EQ(layers_called({"all"}, states), (std::vector<std::int64_t>{0, 1, 2, -1}));
    EXPECT_EQ(layers_called({"all"}, maps), (std::vector<std::int64_t>{1, 2}));
    EXPECT_EQ(layer_name(3), "layer_3");
    EXPECT_EQ(layer_name(final_layer), "final");
}

TEST(LayerChoice, NamesWhatIsNoLayer) {
    auto const problem = [](std::vector<std::string> const& names,
                            KnownLayers const& known = states) {
        return testing::message_of([&] { layers_called(names, known); });
    };
    EXPECT_NE(problem({"3"}).find("no layer '3'"), std::string::npos);
    EXPECT_NE(problem({"-1"}).find("from 0 (the embeddings) to 2"), std::string::npos);
    EXPECT_NE(problem({"last"}).find("no layer 'last'"), std::string::npos);
    EXPECT_NE(problem({"final"}, maps).find("choose from 1 to 2, or all"), std::string::npos);
    EXPECT_NE(problem({"0"}, maps).find("no layer '0'"), std::string::npos);
    EXPECT_NE(problem({"all", "1"}).find("layer_1 is chosen twice"), std::string::npos);
}

}  // namespace
}  // namespace dnagpt
