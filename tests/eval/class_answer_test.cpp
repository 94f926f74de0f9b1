#include "dnagpt/eval/class_answer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace dnagpt {
namespace {

TEST(ClassAnswer, IsTheMeanOfItsReadings) {
    std::vector<float> const one = {std::log(0.2F), std::log(0.6F)};
    std::vector<float> const other = {std::log(0.5F), std::log(0.1F)};
    ClassAnswer answer(2);
    answer.add({one, 0, std::log(0.6F)}, 0.5);
    answer.add({other, 0, std::log(0.55F)}, 0.5);
    EXPECT_NEAR(answer.probabilities[0], (0.25 + 5.0 / 6) / 2, 1e-6);
    EXPECT_NEAR(answer.probabilities[1], (0.75 + 1.0 / 6) / 2, 1e-6);
    EXPECT_NEAR(answer.outside_mass, 0.3, 1e-6);
    EXPECT_EQ(answer.likeliest_of_all, (std::vector<double>{0, 0.5}));
    EXPECT_EQ(answer.predicted(), 0U);
}

TEST(ClassAnswer, HasAFieldForEachColumn) {
    ClassAnswer answer(2);
    std::vector<float> const logits = {std::log(0.25F), std::log(0.75F)};
    answer.add({logits, 0, std::log(0.75F)}, 1);
    EXPECT_EQ(class_columns({"no", "yes"}), "\tpredicted\tp_no\tp_yes\toutside_mass");
    EXPECT_EQ(class_fields(answer, {"no", "yes"}).substr(0, 15), "\tyes\t0.25\t0.75\t");
}

TEST(ClassAnswer, ProbabilitiesReadBackBitForBit) {
    for (double const p : {1 - 1e-9, 1 - 2e-9, 1.0 / 3, 1e-20}) {
        ClassAnswer answer(2);
        answer.probabilities = {p, 1 - p};
        std::string const fields = class_fields(answer, {"no", "yes"}, Digits::all);
        std::size_t const begin = fields.find('\t', 1) + 1;
        EXPECT_EQ(std::stod(fields.substr(begin)), p) << fields;
    }
}

}  // namespace
}  // namespace dnagpt
