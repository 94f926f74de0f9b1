#include "dnagpt/data/markov.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "data/shard_folder.hpp"
#include "harness/random_bases.hpp"

namespace dnagpt {
namespace {

using testing::random_bases;
using testing::TemporaryFolder;
using testing::write_shard;

TEST(Markov, CountsByHand) {
    MarkovModels models;
    models.count(base_codes("AACAN"));
    models.count(base_codes("ACA"));
    auto const text = base_codes("ACANC");
    // order 0: A 5, C 2 of 7
    EXPECT_DOUBLE_EQ(models.bits(0, text, 0), std::log2(11.0 / 6));
    // order 1 behind A: A 1, C 2
    EXPECT_DOUBLE_EQ(models.bits(1, text, 1), std::log2(7.0 / 3));
    // behind C: A 2
    EXPECT_DOUBLE_EQ(models.bits(1, text, 2), std::log2(6.0 / 3));
    // order 2 behind AC: A 2
    EXPECT_DOUBLE_EQ(models.bits(2, text, 2), std::log2(6.0 / 3));
    // without a base before it the order is 0
    EXPECT_DOUBLE_EQ(models.bits(5, text, 0), models.bits(0, text, 0));
    EXPECT_DOUBLE_EQ(models.bits(2, text, 4), models.bits(0, text, 4));
}

TEST(Markov, RandomBasesTakeTwoBitsAndPatternsLess) {
    TemporaryFolder const folder;
    std::string pattern;
    for (int i = 0; i < 3000; ++i) {
        pattern += "ACC";
    }
    write_shard(folder, "p", Split::train, {pattern});
    write_shard(folder, "r", Split::train, {random_bases(60'000, 4)});
    PretrainData const data(folder.path(), Split::train);
    for (std::int32_t s = 0; s < 2; ++s) {
        MarkovModels models;
        models.fit(data.species()[static_cast<std::size_t>(s)]);
        std::vector<BitSum> sums(highest_markov_order + 1);
        for (auto const& window : evaluation_windows(data, 50, 0, 1)) {
            if (window.species == s) {
                auto const scores = score_markov(models, data, window);
                for (std::size_t k = 0; k < sums.size(); ++k) {
                    sums[k].bits += scores[k].bits;
                    sums[k].bases += scores[k].bases;
                }
            }
        }
        EXPECT_EQ(sums[0].bases, s == 0 ? 9000 : 60'000);
        if (s == 0) {
            EXPECT_NEAR(sums[0].bits_per_base(), 0.918, 2e-3);
            EXPECT_NEAR(sums[1].bits_per_base(), 2.0 / 3, 5e-3);
            EXPECT_LT(sums[2].bits_per_base(), 0.01);
        } else {
            EXPECT_NEAR(sums[1].bits_per_base(), 2, 0.002);
        }
    }
}

TEST(Markov, LeavesMaskedWordsAndNOut) {
    TemporaryFolder const folder;
    write_shard(folder, "a", Split::validation, {"AAAAAACCCCCNGGGGGG"});
    PretrainData const data(folder.path(), Split::validation);
    MarkovModels const models;
    EvaluationWindow const window{.species = 0, .contig = 0, .first_word = 0, .words = 3};
    auto const all = score_markov(models, data, window);
    EXPECT_EQ(all[2].bases, 12);
    EXPECT_DOUBLE_EQ(all[2].bits, 24);
    std::vector<std::uint8_t> const mask = {0, 1, 1};
    EXPECT_EQ(score_markov(models, data, window, mask)[2].bases, 6);
}

}  // namespace
}  // namespace dnagpt
