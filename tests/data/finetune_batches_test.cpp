#include "dnagpt/data/finetune_batches.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <numeric>
#include <set>
#include <span>

#include "dnagpt/core/random.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "harness/random_bases.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

TEST(PackByLength, GroupsFitAndHoldEachRowOnce) {
    std::vector<std::int64_t> lengths;
    for (std::uint64_t i = 0; i < 200; ++i) {
        lengths.push_back(1 + static_cast<std::int64_t>(random_below(3, i, 60)));
    }
    std::vector<int> seen(lengths.size(), 0);
    std::int64_t shortest_before = 61;
    for (auto const& members : pack_by_length(lengths, 120)) {
        std::int64_t longest = 0;
        for (std::size_t const member : members) {
            longest = std::max(longest, lengths[member]);
            ++seen[member];
        }
        EXPECT_LE(longest * std::ssize(members), 120);
        EXPECT_LE(longest, shortest_before);
        shortest_before = lengths[members.back()];
    }
    EXPECT_EQ(seen, std::vector<int>(lengths.size(), 1));
}

TEST(PackByLength, ARowLongerThanTheBudgetGoesAlone) {
    std::vector<std::int64_t> const lengths = {5, 50, 5};
    auto const groups = pack_by_length(lengths, 10);
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_EQ(groups[0], std::vector<std::size_t>{1});
    EXPECT_EQ(groups[1], (std::vector<std::size_t>{0, 2}));
}

TEST(MakeBatch, RowsAreFilledUpWithPaddingOnTheRight) {
    FinetuneRow number;
    number.input = {{27, m_token, -1, equals_token, m_token}, {0.5F}};
    number.asks_number = true;
    number.target = 2;
    number.weight = 3;
    FinetuneRow words;
    words.input = {{21, 100}, {}};
    words.targets = {100, stop_token};
    FinetuneRow choice;
    choice.input = {{21, 7, b_token}, {}};
    choice.answer = 31;
    std::vector<FinetuneRow> const rows = {number, words, choice};
    Batch const batch = make_batch(rows, RowWeights::of_training);
    EXPECT_EQ(batch.context_length, 5);
    EXPECT_EQ(batch.tokens,
              (std::vector<std::int32_t>{27, m_token, -1, equals_token, m_token,  //
                                         21, 100, padding_token, padding_token,
                                         padding_token,  //
                                         21, 7, b_token, padding_token, padding_token}));
    EXPECT_EQ(batch.number_positions, std::vector<std::int32_t>{2});
    EXPECT_EQ(batch.regression_positions, std::vector<std::int32_t>{4});
    EXPECT_EQ(batch.answer_positions, std::vector<std::int32_t>{12});
    EXPECT_EQ(batch.answer_targets, std::vector<std::int32_t>{31});
    EXPECT_EQ(batch.targets[5], 100);
    EXPECT_EQ(batch.targets[6], stop_token);
    EXPECT_EQ(batch.row_weights, (std::vector<float>{3, 0.5F, 1}));
    EXPECT_EQ(count_targets(batch).positions, 10);
    EXPECT_TRUE(make_batch(rows, RowWeights::equal).row_weights.empty());
}

class FinetuningSteps : public ::testing::Test {
  protected:
    FinetuningSteps() {
        LabelledSet set;
        set.classes = {"no", "yes"};
        for (int i = 0; i < 14; ++i) {
            set.examples.push_back(
                {std::to_string(i), bases_of(i), i % 2, i, i < 10 ? Split::train : Split::test});
        }
        write_labelled_set(folder_.file("s.h5"), set);
        config_.model.context_length = 32;
        config_.finetune.sets = {{"s", folder_.file("s.h5"), "", "", 1}};
        config_.finetune.rows_per_step = 4;
    }

    /// With these seeds no two views of training examples begin with the same word.
    static std::vector<std::uint8_t> bases_of(int example) {
        return base_codes(testing::random_bases(12 + 6 * (example % 4),
                                                static_cast<std::uint64_t>(40 + example)));
    }

    /// The first word of each training example, read from this strand with so many bases cut off.
    static std::set<std::int32_t> words_of_view(bool reverse_complement, int shift) {
        std::set<std::int32_t> words;
        for (int i = 0; i < 10; ++i) {
            auto codes = bases_of(i);
            if (reverse_complement) {
                reverse_complement_bases(codes);
            }
            words.insert(encode_bases(std::span(codes).subspan(static_cast<std::size_t>(shift)),
                                      Vocabulary{VocabularyKind::fixed})[0]);
        }
        return words;
    }

    /// How many of a thousand training rows were read so, by strand and shift; each is one of them.
    std::array<std::array<int, 6>, 2> views(int world) const {
        FinetuneData const data(config_, Vocabulary{VocabularyKind::fixed});
        std::array<std::array<int, 6>, 2> counts{};
        int found = 0;
        for (auto const& [word, times] : first_words(data, 250, world)) {
            for (int const turned : {0, 1}) {
                for (int shift = 0; shift < 6; ++shift) {
                    bool const matches = words_of_view(turned == 1, shift).contains(word);
                    counts[turned][shift] += matches ? times : 0;
                    found += matches ? times : 0;
                }
            }
        }
        EXPECT_EQ(found, 1000);
        return counts;
    }

    /// How often each first word of a sequence stands in the steps' rows.
    std::map<std::int32_t, int> first_words(FinetuneData const& data, std::int64_t steps,
                                            int world) const {
        std::map<std::int32_t, int> seen;
        for (int rank = 0; rank < world; ++rank) {
            AssembleStep const assemble = finetuning_steps(data, config_, 20, rank, world);
            for (std::int64_t step = 0; step < steps; ++step) {
                for (Batch const& batch : assemble(step, step).micro_batches) {
                    for (std::int64_t row = 0; row < batch.rows; ++row) {
                        ++seen[batch.tokens[static_cast<std::size_t>(row * batch.context_length +
                                                                     1)]];
                    }
                }
            }
        }
        return seen;
    }

    testing::TemporaryFolder folder_;
    RunConfig config_;
};

TEST_F(FinetuningSteps, AnEpochTakesEachTrainingExampleOnceAtAnyWorldSize) {
    FinetuneData const data(config_, Vocabulary{VocabularyKind::fixed});
    std::map<std::int32_t, int> const seen = first_words(data, 5, 1);  // two epochs of ten
    EXPECT_EQ(seen.size(), 10U);
    for (auto const& [word, times] : seen) {
        EXPECT_EQ(times, 2);
    }
    for (int const world : {2, 3, 5}) {
        EXPECT_EQ(first_words(data, 5, world), seen) << world;
    }
}

TEST_F(FinetuningSteps, TrainingReadsEveryShiftOfEitherStrand) {
    config_.finetune.shift = 5;
    config_.finetune.reverse_complement = true;
    auto const counts = views(1);
    for (auto const& strand : counts) {
        for (int const count : strand) {
            EXPECT_NEAR(count, 1000.0 / 12, 40);  // 4.6 standard deviations
        }
    }
    EXPECT_EQ(views(3), counts);
}

TEST_F(FinetuningSteps, OnlyWhatIsAskedForIsTurnedOrShifted) {
    using Views = std::array<std::array<int, 6>, 2>;
    EXPECT_EQ(views(1), (Views{{{1000}, {}}}));
    config_.finetune.reverse_complement = true;
    EXPECT_EQ(views(1)[0][0] + views(1)[1][0], 1000);
    EXPECT_NEAR(views(1)[1][0], 500, 70);
    config_.finetune.reverse_complement = false;
    config_.finetune.shift = 2;
    auto const counts = views(1);
    EXPECT_EQ(counts[1], (std::array<int, 6>{}));
    EXPECT_EQ(counts[0][0] + counts[0][1] + counts[0][2], 1000);
    EXPECT_NEAR(counts[0][2], 1000.0 / 3, 65);
}

TEST_F(FinetuningSteps, CountsAndDigestsAreThoseOfTheRanksRows) {
    FinetuneData const data(config_, Vocabulary{VocabularyKind::fixed});
    auto const digest = [](StepBatches const& step) {
        std::uint64_t rows = 0;
        for (Batch const& batch : step.micro_batches) {
            rows += digest_rows(batch);
        }
        return rows;
    };
    TargetCounts sum;
    std::uint64_t rows = 0;
    for (int rank = 0; rank < 3; ++rank) {
        StepBatches const step = finetuning_steps(data, config_, 20, rank, 3)(0, 0);
        sum += step.targets;
        rows += digest(step);
    }
    EXPECT_EQ(rows & rows_digest_mask,
              digest(finetuning_steps(data, config_, 20, 0, 1)(0, 0)) & rows_digest_mask);
    EXPECT_EQ(sum.answer, 4);
    EXPECT_EQ(sum.next_token, 4);
    EXPECT_EQ(sum.positions, finetuning_steps(data, config_, 20, 0, 1)(0, 0).targets.positions);
}

}  // namespace
}  // namespace dnagpt
