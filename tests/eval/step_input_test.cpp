#include "dnagpt/eval/step_input.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace dnagpt::testing {
namespace {

template <class View>
auto values_of(View const& view) {
    return to_host(view.data(), rows_of(view));
}

TEST(StepInput, HoldsTokensAndNumbersByTheirRows) {
    HostStep step(4);
    step.read_token(0, 21, 7);
    step.read_number(3, 0.5F, 2);
    step.read_number(1, -1, 9);
    StepInput input(4);
    DecoderInput const given = input.upload(step);
    EXPECT_EQ(values_of(given.tokens), (std::vector<std::int32_t>{21, -1, 0, -1}));
    EXPECT_EQ(values_of(given.positions), (std::vector<std::int32_t>{7, 9, 0, 2}));
    EXPECT_EQ(values_of(given.numbers), (std::vector<float>{0.5F, -1}));
    EXPECT_EQ(values_of(given.number_rows), (std::vector<std::int32_t>{3, 1}));
    EXPECT_EQ(values_of(input.upload_rows({2, 0})), (std::vector<std::int32_t>{2, 0}));
    EXPECT_EQ(rows_of(input.upload(HostStep(4)).numbers), 0);
}

}  // namespace
}  // namespace dnagpt::testing
