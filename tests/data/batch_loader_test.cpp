#include "dnagpt/data/batch_loader.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <set>

#include "data/shard_folder.hpp"
#include "dnagpt/core/check.hpp"
#include "harness/random_bases.hpp"

namespace dnagpt {
namespace {

using testing::random_bases;
using testing::TemporaryFolder;
using testing::write_shard;

class BatchLoaderTest : public ::testing::Test {
  protected:
    BatchLoaderTest() {
        write_shard(folder_, "a", Split::train, {random_bases(5000, 1), random_bases(77, 3)});
        path_ = write_shard(folder_, "b", Split::train, {random_bases(9000, 2)}, 'S');
    }
    static BatchPlan plan(int rank = 0, int world_size = 1) {
        return {.rows_per_step = 7,
                .micro_batch = 2,
                .context_length = 20,
                .rank = rank,
                .world_size = world_size,
                .seed = 5};
    }
    /// Tokens and answers of a step's rows over all ranks, in order.
    static std::vector<std::int32_t> contents(StepBatches const& step) {
        std::vector<std::int32_t> all;
        for (Batch const& batch : step.micro_batches) {
            all.insert(all.end(), batch.tokens.begin(), batch.tokens.end());
        }
        for (Batch const& batch : step.micro_batches) {
            EXPECT_EQ(static_cast<std::int64_t>(batch.answer_targets.size()), batch.rows);
        }
        return all;
    }

    TemporaryFolder folder_;
    std::string path_;
    Vocabulary vocabulary_;
};

TEST_F(BatchLoaderTest, RowsAreSpreadAndMicroBatchesMayBeShort) {
    PretrainData const data(folder_.path(), Split::train);
    BatchLoader loader(pretraining_steps(data, vocabulary_, plan()), 0);
    StepBatches const step = loader.next();
    ASSERT_EQ(step.micro_batches.size(), 4U);
    EXPECT_EQ(step.micro_batches[0].rows, 2);
    EXPECT_EQ(step.micro_batches[3].rows, 1);
    EXPECT_EQ(step.targets.answer, 7);
    EXPECT_EQ(step.targets.regression, 7);
    std::int64_t targets = 0;
    for (Batch const& batch : step.micro_batches) {
        targets += count_targets(batch).next_token;
    }
    EXPECT_EQ(step.targets.next_token, targets);
    EXPECT_EQ(rows_of_rank(7, 1, 2).first, 3);
    EXPECT_EQ(rows_of_rank(7, 1, 2).last, 7);
    // more ranks than rows: some have none
    BatchLoader idle(pretraining_steps(data, vocabulary_, plan(0, 9)), 0);
    EXPECT_TRUE(idle.next().micro_batches.empty());
}

TEST_F(BatchLoaderTest, AnyWorldSizeSeesTheSameRows) {
    PretrainData const data(folder_.path(), Split::train);
    for (int world : {1, 2, 3, 4, 9}) {
        BatchLoader whole(pretraining_steps(data, vocabulary_, plan()), 3);
        std::vector<std::unique_ptr<BatchLoader>> ranks;
        for (int rank = 0; rank < world; ++rank) {
            ranks.push_back(std::make_unique<BatchLoader>(
                pretraining_steps(data, vocabulary_, plan(rank, world)), 3));
        }
        for (std::int64_t step = 3; step < 6; ++step) {
            StepBatches const expected = whole.next();
            EXPECT_EQ(expected.step, step);
            EXPECT_EQ(expected.block, step);
            std::vector<std::int32_t> together;
            std::uint64_t digest = 0;
            for (auto const& loader : ranks) {
                StepBatches const own = loader->next();
                digest += own.rows_digest;
                auto const part = contents(own);
                together.insert(together.end(), part.begin(), part.end());
            }
            EXPECT_EQ(together, contents(expected));
            EXPECT_EQ(digest & rows_digest_mask, expected.rows_digest);
        }
    }
}

TEST_F(BatchLoaderTest, ResumesAndSkips) {
    PretrainData const data(folder_.path(), Split::train);
    BatchLoader run(pretraining_steps(data, vocabulary_, plan()), 0);
    std::vector<std::vector<std::int32_t>> steps;
    std::set<std::uint64_t> digests;
    for (int i = 0; i < 6; ++i) {
        StepBatches const step = run.next();
        steps.push_back(contents(step));
        digests.insert(step.rows_digest);
    }
    EXPECT_EQ(digests.size(), 6U);
    BatchLoader resumed(pretraining_steps(data, vocabulary_, plan()), 4);
    EXPECT_EQ(contents(resumed.next()), steps[4]);
    // block 2 failed: step 2 trains on block 3, and so on
    BatchLoader skipping(pretraining_steps(data, vocabulary_, plan()), 2, {2});
    StepBatches const step = skipping.next();
    EXPECT_EQ(step.step, 2);
    EXPECT_EQ(step.block, 3);
    EXPECT_EQ(contents(step), steps[3]);
}

TEST_F(BatchLoaderTest, TheThreadsErrorReachesTheCaller) {
    PretrainData const data(folder_.path(), Split::train);
    std::filesystem::resize_file(path_, 1024);
    BatchLoader loader(pretraining_steps(data, vocabulary_, plan()), 0);
    auto const read_on = [&] {
        for (int i = 0; i < 50; ++i) {
            loader.next();
        }
    };
    EXPECT_THROW(read_on(), Error);
    EXPECT_THROW(loader.next(), Error);
}

}  // namespace
}  // namespace dnagpt
