#include "dnagpt/eval/prompt_attention.hpp"

#include <gtest/gtest.h>

#include <map>

#include "harness/reported_shares.hpp"
#include "model/small_model.hpp"

namespace dnagpt::testing {
namespace {

constexpr std::int64_t heads = small_shape.heads;
constexpr double tolerance = 1e-5;  // of float shares

/// Maps by input and layer.
using Maps = std::map<std::pair<std::size_t, std::int64_t>, std::vector<float>>;

class PromptAttention : public ::testing::Test {
  protected:
    PromptAttention() : model_(small_shape, 4, Purpose::inference) {
        model_.set_weights(lively_weights(model_.layout, 3));
    }

    Maps read(std::vector<PromptInput> const& inputs, std::vector<std::int64_t> const& layers,
              AttentionFrom from, std::int64_t positions = 40) {
        Maps maps;
        reported_ = {};
        ForwardModel<float> const forward{model_.context, model_.params, model_.saved,
                                          model_.batch};
        read_attention(forward, std::span<PromptInput const>(inputs),
                       {positions, reported_.listener()}, layers, from,
                       [&](std::size_t input, std::int64_t layer, std::span<float const> rows) {
                           EXPECT_TRUE((maps[{input, layer}].empty())) << "visited twice";
                           maps[{input, layer}] = {rows.begin(), rows.end()};
                       });
        return maps;
    }

    ReportedShares reported_;  ///< in the last call

  private:
    SmallModel<float> model_;
};

std::vector<PromptInput> const inputs = {{{{21, 35, 36}, {}}, {}},
                                         {{{21, 34, 33, 32, 31, 30, 29}, {}}, {}},
                                         {{{21, -1, 36, 22}, {0.5F}}, {}}};

TEST_F(PromptAttention, RowsSumToOneAndSeeNothingBehindThem) {
    Maps const maps = read(inputs, {1, 2}, AttentionFrom::every_position);
    ASSERT_EQ(maps.size(), 6U);
    for (auto const& [place, rows] : maps) {
        std::int64_t const length = inputs[place.first].length();
        ASSERT_EQ(std::ssize(rows), heads * length * length);
        for (std::int64_t row = 0; row < heads * length; ++row) {
            double sum = 0;
            for (std::int64_t at = 0; at < length; ++at) {
                float const share = rows[static_cast<std::size_t>(row * length + at)];
                EXPECT_EQ(share > 0, at <= row % length);
                sum += static_cast<double>(share);
            }
            EXPECT_NEAR(sum, 1, tolerance);
        }
    }
    EXPECT_NE(maps.at({1, 1}), maps.at({1, 2}));
}

TEST_F(PromptAttention, TheLastPositionsRowIsThatOfTheWholeMapInAnyCompany) {
    Maps const every = read(inputs, {2}, AttentionFrom::every_position);
    Maps const last = read(inputs, {2}, AttentionFrom::last_position, 7);
    reported_.expect_rise_to_one();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        std::int64_t const length = inputs[i].length();
        auto const& rows = last.at({i, 2});
        ASSERT_EQ(std::ssize(rows), heads * length);
        for (std::int64_t head = 0; head < heads; ++head) {
            for (std::int64_t at = 0; at < length; ++at) {
                auto const whole = (head * length + length - 1) * length + at;
                EXPECT_NEAR(rows[static_cast<std::size_t>(head * length + at)],
                            every.at({i, 2})[static_cast<std::size_t>(whole)], tolerance);
            }
        }
    }
}

}  // namespace
}  // namespace dnagpt::testing
