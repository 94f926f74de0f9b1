#include "dnagpt/eval/prompt_embeddings.hpp"

#include <gtest/gtest.h>

#include <map>

#include "dnagpt/eval/layer_choice.hpp"
#include "harness/message_of.hpp"
#include "harness/reported_shares.hpp"
#include "model/small_model.hpp"

namespace dnagpt::testing {
namespace {

constexpr Vocabulary fixed{VocabularyKind::fixed};
constexpr ModelShape shape{2, 2, 8, 12, 15659};
constexpr std::size_t channels = 8;
constexpr double tolerance = 1e-5;  // of float numbers of order one
EmbeddingForm const all_mean{Pooling::mean, {0, 1, 2, final_layer}};

PromptInput input_of(std::string const& text) {
    return prompt_input(parse_prompt(text, fixed));
}

/// Rows by input and place of the layer.
using Embeddings = std::map<std::pair<std::size_t, std::size_t>, std::vector<float>>;

class PromptEmbeddings : public ::testing::Test {
  protected:
    PromptEmbeddings() : model_(shape, 4, Purpose::inference) {
        model_.set_weights(lively_weights(model_.layout, 3));
    }

    Embeddings embed(std::vector<std::string> const& prompts, EmbeddingForm const& form,
                     std::int64_t positions = 40) {
        std::vector<PromptInput> inputs;
        for (std::string const& prompt : prompts) {
            inputs.push_back(input_of(prompt));
        }
        Embeddings all;
        reported_ = {};
        ForwardModel<float> const forward{model_.context, model_.params, model_.saved,
                                          model_.batch};
        embed_prompts(forward, std::span<PromptInput const>(inputs),
                      {positions, reported_.listener()}, form,
                      [&](std::size_t input, std::size_t layer, std::span<float const> rows) {
                          EXPECT_TRUE((all[{input, layer}].empty())) << "visited twice";
                          all[{input, layer}] = {rows.begin(), rows.end()};
                      });
        return all;
    }

    ReportedShares reported_;  ///< in the last call

  private:
    SmallModel<float> model_;
};

std::vector<std::string> const prompts = {"<R>ATTGACATGACC<=>", "<R>ACGTACGTACGTACGTACTTTTTT<=><B>",
                                          "<R><M>0.5<+>CCCCCC"};

TEST_F(PromptEmbeddings, DoNotDependOnTheCompanyOfAPrompt) {
    Embeddings const together = embed(prompts, all_mean);
    Embeddings const narrow = embed(prompts, all_mean, 7);
    reported_.expect_rise_to_one();
    ASSERT_EQ(together.size(), prompts.size() * all_mean.layers.size());
    for (std::size_t i = 0; i < prompts.size(); ++i) {
        Embeddings const alone = embed({prompts[i]}, all_mean);
        for (std::size_t layer = 0; layer < all_mean.layers.size(); ++layer) {
            auto const& own = alone.at({0, layer});
            ASSERT_EQ(own.size(), channels);
            for (std::size_t c = 0; c < channels; ++c) {
                EXPECT_NEAR(together.at({i, layer})[c], own[c], tolerance);
                EXPECT_NEAR(narrow.at({i, layer})[c], own[c], tolerance);
            }
        }
        EXPECT_NE(alone.at({0, 1}), alone.at({0, 2}));
    }
}

TEST_F(PromptEmbeddings, TheMeanIsThatOfTheWordsAndTheLastRowThatOfTheEnd) {
    std::vector<std::int64_t> const layers = {1, final_layer};
    Embeddings const mean = embed(prompts, {Pooling::mean, layers});
    Embeddings const last = embed(prompts, {Pooling::last, layers});
    Embeddings const every = embed(prompts, {Pooling::every, layers});
    std::vector<std::vector<std::size_t>> const words = {{1, 2}, {1, 2, 3, 4}, {4}};
    for (std::size_t i = 0; i < prompts.size(); ++i) {
        for (std::size_t layer = 0; layer < layers.size(); ++layer) {
            auto const& rows = every.at({i, layer});
            auto const length = static_cast<std::size_t>(input_of(prompts[i]).length());
            ASSERT_EQ(rows.size(), length * channels);
            for (std::size_t c = 0; c < channels; ++c) {
                double sum = 0;
                for (std::size_t const word : words[i]) {
                    sum += rows[word * channels + c];
                }
                EXPECT_NEAR(mean.at({i, layer})[c], sum / static_cast<double>(words[i].size()),
                            tolerance);
                EXPECT_EQ(last.at({i, layer})[c], rows[(length - 1) * channels + c]);
            }
        }
    }
}

TEST_F(PromptEmbeddings, LayersComeAtTheirPlaces) {
    Embeddings const turned = embed({prompts[0]}, {Pooling::mean, {final_layer, 0}});
    Embeddings const all = embed({prompts[0]}, all_mean);
    EXPECT_EQ(turned.at({0, 0}), all.at({0, 3}));
    EXPECT_EQ(turned.at({0, 1}), all.at({0, 0}));
}

TEST_F(PromptEmbeddings, MistakesAreNamed) {
    EXPECT_NE(message_of([&] { embed({"<R>"}, all_mean); }).find("without words"),
              std::string::npos);
    EXPECT_NE(message_of([&] { embed({"<R><M><+>ACGTAC"}, all_mean); }).find("asked for inside"),
              std::string::npos);
    EXPECT_NE(message_of([] { pooling_called("first"); }).find("mean, last or every"),
              std::string::npos);
}

}  // namespace
}  // namespace dnagpt::testing
