#include "dnagpt/eval/base_scores.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "eval/small_scorer.hpp"
#include "harness/random_bases.hpp"
#include "harness/reported_shares.hpp"

namespace dnagpt::testing {
namespace {

constexpr double tolerance = 2e-5;  // of float logits of order one

std::size_t place(char letter) {
    return base_letters.find(letter) - 1;
}

TEST(BaseScores, AreSumsOverTheWordsThatBeginWithTheBase) {
    std::string letters = random_bases(42, 1);
    letters[9] = 'N';
    for (VocabularyKind const kind : {VocabularyKind::fixed, VocabularyKind::dynamic}) {
        SmallScorer const small(60, {kind});
        auto const scores = small.score(letters, 0, 42);
        ASSERT_EQ(scores.size(), 42U);
        for (std::size_t at = 0; at < letters.size(); ++at) {
            if (letters[at] != 'N') {
                EXPECT_NEAR(scores[at][place(letters[at])],
                            small.log_p_of_last(letters.substr(0, at + 1)), tolerance)
                    << "base " << at;
            }
            double sum = 0;
            for (double const log_p : scores[at]) {
                sum += std::exp(log_p);
            }
            EXPECT_NEAR(sum, 1, 1e-12);
        }
    }
}

TEST(BaseScores, OfAPartAreThoseOfTheWhole) {
    SmallScorer const small;
    SmallScorer const narrow(1);
    std::string const letters = random_bases(40, 2);
    auto const whole = small.score(letters, 0, 40);
    for (auto const& [first, last] : {std::pair{0, 1}, {7, 8}, {5, 17}, {39, 40}, {3, 3}}) {
        auto const part = small.score(letters, first, last);
        auto const alone = narrow.score(letters, first, last);
        ASSERT_EQ(part.size(), static_cast<std::size_t>(last - first));
        for (std::size_t i = 0; i < part.size(); ++i) {
            for (std::size_t base = 0; base < 4; ++base) {
                double const expected = whole[static_cast<std::size_t>(first) + i][base];
                EXPECT_NEAR(part[i][base], expected, tolerance);
                EXPECT_NEAR(alone[i][base], expected, tolerance);
            }
        }
    }
}

TEST(BaseScores, TellHowFarTheyAre) {
    SmallScorer const small;
    std::vector<BaseAsk> const asks = {{base_codes(random_bases(42, 4)), 0, 42},
                                       {base_codes(random_bases(20, 5)), 10, 20}};
    ReportedShares reported;
    small.scorer().score(asks, reported.listener());
    reported.expect_rise_to_one();
}

TEST(BaseScores, ASequenceIsReadFromTheLeft) {
    SmallScorer const small;
    std::string letters = random_bases(42, 3);
    auto const before = small.score(letters, 0, 42);
    letters[20] = letters[20] == 'A' ? 'C' : 'A';
    auto const after = small.score(letters, 0, 42);
    for (std::size_t at = 0; at < 42; ++at) {
        bool const same = std::abs(before[at][0] - after[at][0]) < tolerance;
        EXPECT_EQ(same, at <= 20) << "base " << at;
    }
}

TEST(BaseScores, RoomIsThatOfPretraining) {
    EXPECT_EQ(scored_bases(512), 3042);
    EXPECT_EQ(scored_bases(12), 42);
}

}  // namespace
}  // namespace dnagpt::testing
