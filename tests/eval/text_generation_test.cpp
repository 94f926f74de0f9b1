#include "dnagpt/eval/text_generation.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness/reported_shares.hpp"
#include "model/small_model.hpp"

namespace dnagpt::testing {
namespace {

constexpr Vocabulary fixed{VocabularyKind::fixed};
constexpr ModelShape shape{2, 2, 8, 24, 15659};
constexpr double tolerance = 1e-4;  // of float numbers of order one

/// A model of random weights that draws up to `rows` texts at once.
class Drawer {
  public:
    explicit Drawer(std::int64_t rows)
        : model_(shape, 1, Purpose::inference),
          decoder_(model_.params, rows, shape.context_length, {}),
          rows_(rows) {
        model_.set_weights(lively_weights(model_.layout, 7));
        form_.bases = 40;
        form_.longest = shape.context_length - 5;
        form_.vocabulary = fixed;
    }

    void use_reference() { decoder_.context.gemm.use_reference(); }

    std::vector<TextDrawing> draw(std::vector<std::string> const& prompts) {
        std::vector<TextDrawing> all;
        for (std::size_t first = 0; first < prompts.size();) {
            std::vector<TextDrawing> some;
            for (; std::ssize(some) < rows_ && first < prompts.size(); ++first) {
                some.emplace_back(text_prompt(prompts[first], fixed),
                                  static_cast<std::int64_t>(first), form_);
            }
            ReportedShares reported;
            draw_texts(decoder_, std::span(some), reported.listener());
            reported.expect_rise_to_one();
            all.insert(all.end(), some.begin(), some.end());
        }
        return all;
    }

  private:
    SmallModel<float> model_;
    Decoder<float> decoder_;
    std::int64_t rows_;
    TextForm form_;
};

std::vector<std::string> const prompts = {
    "<R>", "<R>ATTGACATG", "<L>CCGT", "<R>ATTGAC<M><+>", "<R>ACGTACGTACGTACGTAC", "<R>"};

TEST(TextGeneration, TextDoesNotDependOnTheBatch) {
    Drawer all(6);
    Drawer two(2);
    Drawer one(1);
    auto const texts = all.draw(prompts);
    auto const pairs = two.draw(prompts);
    auto const alone = one.draw(prompts);
    for (std::size_t i = 0; i < prompts.size(); ++i) {
        EXPECT_EQ(texts[i].end(), "length");
        EXPECT_EQ(texts[i].bases().size(), 40U);
        EXPECT_EQ(texts[i].bases(), alone[i].bases()) << prompts[i];
        EXPECT_EQ(texts[i].bases(), pairs[i].bases()) << prompts[i];
    }
    EXPECT_NE(texts[0].bases(), texts[5].bases());
    ASSERT_EQ(texts[3].answered().size(), 1U);
    EXPECT_NEAR(texts[3].answered().front(), alone[3].answered().front(), tolerance);
}

TEST(TextGeneration, InTheReferenceOrderEverythingIsTheSameBitByBit) {
    Drawer all(6);
    Drawer one(1);
    all.use_reference();
    one.use_reference();
    auto const texts = all.draw(prompts);
    auto const alone = one.draw(prompts);
    for (std::size_t i = 0; i < prompts.size(); ++i) {
        EXPECT_EQ(texts[i].bases(), alone[i].bases()) << prompts[i];
        EXPECT_EQ(texts[i].answered(), alone[i].answered()) << prompts[i];
    }
    ASSERT_EQ(texts[3].answered().size(), 1U);
}

}  // namespace
}  // namespace dnagpt::testing
