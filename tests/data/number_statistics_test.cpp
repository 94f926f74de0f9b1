#include "dnagpt/data/number_statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace dnagpt {
namespace {

TEST(NumberStatistics, DividesByTheNumberOfNumbers) {
    std::vector<double> const numbers = {2, 4, 4, 4, 5, 5, 7, 9};
    EXPECT_NEAR(statistics_of(numbers).mean, 5, 1e-12);
    EXPECT_NEAR(statistics_of(numbers).deviation, 2, 1e-12);
    std::vector<double> const equal(31, 9.9);
    EXPECT_EQ(statistics_of(equal).mean, 9.9);
    EXPECT_EQ(statistics_of(equal).deviation, 0);
    EXPECT_EQ(statistics_of({}).mean, 0);
    EXPECT_EQ(statistics_of({}).deviation, 0);
}

TEST(NumberStatistics, OfASetComeFromTraining) {
    LabelledSet set;
    set.answer = AnswerKind::number;
    set.number_names = {"a", "b"};
    set.examples = {{"g1", {}, 0, 0, Split::train, {1, 10}, 3},
                    {"g2", {}, 0, 1, Split::test, {100, 100}, 100},
                    {"g3", {}, 0, 2, Split::train, {3, 10}, 7},
                    {"g4", {}, 0, 3, Split::validation, {-100, -100}, -100}};
    SetStatistics const statistics = training_statistics(set);
    ASSERT_EQ(statistics.numbers.size(), 2U);
    EXPECT_NEAR(statistics.numbers[0].mean, 2, 1e-12);
    EXPECT_NEAR(statistics.numbers[0].deviation, 1, 1e-12);
    EXPECT_NEAR(statistics.numbers[1].mean, 10, 1e-12);
    EXPECT_NEAR(statistics.numbers[1].deviation, 0, 1e-12);
    EXPECT_NEAR(statistics.target.mean, 5, 1e-12);
    EXPECT_NEAR(statistics.target.deviation, 2, 1e-12);
}

}  // namespace
}  // namespace dnagpt
