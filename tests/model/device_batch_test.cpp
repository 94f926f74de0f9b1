#include "dnagpt/model/device_batch.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "dnagpt/data/batch.hpp"
#include "dnagpt/device/buffer.hpp"
#include "dnagpt/ops/embedding.hpp"

namespace dnagpt {
namespace {

constexpr ModelShape shape{1, 1, 4, 4, 10};

template <class T>
std::vector<T> host(Vector<T> const& values) {
    return to_host(values.data(), rows_of(values));
}

Batch two_rows() {
    Batch batch;
    batch.rows = 2;
    batch.context_length = 4;
    batch.tokens = {1, 2, -1, 3, 4, 5, 6, 7};
    batch.targets = {2, -1, -1, -1, 5, 6, 7, -1};
    batch.number_positions = {2};
    batch.number_values = {0.5F};
    batch.regression_positions = {1, 6};
    batch.regression_targets = {0.25F, -1.0F};
    batch.answer_positions = {3, 7};
    batch.answer_targets = {8, 9};
    batch.species = {0, 1};
    return batch;
}

using Targets = std::vector<std::int32_t>;

TEST(DeviceBatch, ListsTargetsThenAnswers) {
    DeviceBatch batch(shape, 8);
    batch.upload(two_rows());
    EXPECT_EQ(batch.rows(), 2);
    EXPECT_EQ(batch.positions(), 8);
    EXPECT_EQ(host(batch.tokens()), two_rows().tokens);
    EXPECT_EQ(host(batch.grouped_rows()), rows_by_token(two_rows().tokens).rows);
    EXPECT_EQ(host(batch.group_first()), rows_by_token(two_rows().tokens).first);
    EXPECT_EQ(host(batch.target_positions()), (Targets{0, 4, 5, 6, 3, 7}));
    EXPECT_EQ(batch.host_target_positions(), host(batch.target_positions()));
    EXPECT_EQ(host(batch.target_ids()), (Targets{2, 5, 6, 7, 8, 9}));
    EXPECT_EQ(batch.next_token_count(), 4);
    EXPECT_EQ(batch.answer_count(), 2);
    EXPECT_EQ(host(batch.number_positions()), (Targets{2}));
    EXPECT_EQ(host(batch.numbers()), (std::vector<float>{0.5F}));
    EXPECT_EQ(host(batch.regression_positions()), (Targets{1, 6}));
    EXPECT_EQ(host(batch.regression_targets()), (std::vector<float>{0.25F, -1.0F}));
}

TEST(DeviceBatch, AShorterBatchReplacesTheOneBefore) {
    DeviceBatch batch(shape, 8);
    batch.upload(two_rows());
    Batch small;
    small.rows = 1;
    small.context_length = 3;
    small.tokens = {7, 8, 9};
    small.targets = {-1, 9, -1};
    batch.upload(small);
    EXPECT_EQ(batch.positions(), 3);
    EXPECT_EQ(host(batch.tokens()), small.tokens);
    EXPECT_EQ(host(batch.target_positions()), (Targets{1}));
    EXPECT_EQ(batch.answer_count(), 0);
    EXPECT_EQ(rows_of(batch.numbers()), 0);
    EXPECT_EQ(rows_of(batch.regression_targets()), 0);
}

TEST(DeviceBatch, AnEmptyBatchHasNoPositions) {
    DeviceBatch batch(shape, 8);
    Batch empty;
    empty.context_length = 4;
    batch.upload(empty);
    EXPECT_EQ(batch.positions(), 0);
    EXPECT_EQ(rows_of(batch.target_positions()), 0);
}

void expect_refused(std::function<void(Batch&)> const& spoil, std::string const& text) {
    Batch spoilt = two_rows();
    spoil(spoilt);
    DeviceBatch batch(shape, 8);
    try {
        batch.upload(spoilt);
        FAIL() << "taken, although " << text;
    } catch (Error const& error) {
        EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
    }
}

TEST(DeviceBatch, RefusesWhatTheModelCannotTake) {
    expect_refused([](Batch& batch) { batch.tokens[5] = 10; },
                   "token id 10 in a model with a vocabulary of 10");
    expect_refused([](Batch& batch) { batch.targets[4] = 11; }, "token id 11");
    expect_refused([](Batch& batch) { batch.answer_targets[1] = 12; }, "token id 12");
    expect_refused([](Batch& batch) { batch.number_positions[0] = 8; }, "a number at position 8");
    expect_refused([](Batch& batch) { batch.regression_positions[1] = -1; },
                   "a regression target at position -1");
    expect_refused([](Batch& batch) { batch.answer_positions[0] = 9; }, "an answer at position 9");
    expect_refused(
        [](Batch& batch) {
            batch.rows = 1;
            batch.context_length = 8;
        },
        "rows of 8 positions for a model of 4");
}

}  // namespace
}  // namespace dnagpt
