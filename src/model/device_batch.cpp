#include "dnagpt/model/device_batch.hpp"

#include <algorithm>
#include <string>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/profile.hpp"
#include "dnagpt/ops/embedding.hpp"
#include "ranges.hpp"

namespace dnagpt {
namespace {

/// Tokens, rows by token, groups of rows, number positions, target positions, target ids,
/// regression positions.
constexpr std::int64_t integer_lists = 7;
/// Numbers, regression targets, weights of token targets and of regression targets.
constexpr std::int64_t float_lists = 4;

void check_ids(std::vector<std::int32_t> const& ids, std::int64_t vocabulary_size) {
    auto const largest = std::max_element(ids.begin(), ids.end());
    DNAGPT_VALIDATE(largest == ids.end() || *largest < vocabulary_size,
                    << "token id " << *largest << " in a model with a vocabulary of "
                    << vocabulary_size
                    << " (the batch was made with another vocabulary); give both the same");
}

void check_positions(std::vector<std::int32_t> const& positions, std::int64_t end,
                     std::string const& what) {
    for (std::int32_t const position : positions) {
        DNAGPT_VALIDATE(position >= 0 && position < end,
                        << what << " at position " << position << " of a batch with " << end
                        << " positions (lists and tokens do not belong together); make the batch "
                           "again");
    }
}

void require_head(bool has, char const* head) {
    DNAGPT_VALIDATE(has, << "this model has no " << head
                         << " (it was left out when the model was fine-tuned for another kind of "
                            "answer); use a model that has it");
}

}  // namespace

DeviceBatch::DeviceBatch(ModelShape const& shape, std::int64_t max_positions)
    : shape_(shape),
      max_positions_(max_positions),
      integers_("batch tokens", integer_lists * max_positions + 1),
      floats_("batch numbers", float_lists * max_positions) {}

void DeviceBatch::check(Batch const& batch) const {
    std::int64_t const positions = batch.rows * batch.context_length;
    DNAGPT_VALIDATE(batch.context_length <= shape_.context_length,
                    << "rows of " << batch.context_length << " positions for a model of "
                    << shape_.context_length
                    << " (it has no embedding for the later ones); shorten the rows");
    DNAGPT_EXPECT(positions <= max_positions_);
    DNAGPT_EXPECT(static_cast<std::int64_t>(batch.tokens.size()) == positions);
    DNAGPT_EXPECT(static_cast<std::int64_t>(batch.targets.size()) == positions);
    DNAGPT_EXPECT(batch.number_positions.size() == batch.number_values.size());
    DNAGPT_EXPECT(batch.regression_positions.size() == batch.regression_targets.size());
    DNAGPT_EXPECT(batch.answer_positions.size() == batch.answer_targets.size());
    DNAGPT_EXPECT(batch.row_weights.empty() ||
                  static_cast<std::int64_t>(batch.row_weights.size()) == batch.rows);
    require_head(shape_.number_embedding || batch.number_positions.empty(), "number embedding");
    require_head(shape_.regression_head || batch.regression_positions.empty(), "regression head");
    check_ids(batch.tokens, shape_.vocabulary_size);
    check_ids(batch.targets, shape_.vocabulary_size);
    check_ids(batch.answer_targets, shape_.vocabulary_size);
    check_positions(batch.number_positions, positions, "a number");
    check_positions(batch.regression_positions, positions, "a regression target");
    check_positions(batch.answer_positions, positions, "an answer");
}

void DeviceBatch::list_targets(Batch const& batch) {
    host_positions_.clear();
    host_ids_.clear();
    for (std::size_t position = 0; position < batch.targets.size(); ++position) {
        if (batch.targets[position] >= 0) {
            host_positions_.push_back(static_cast<std::int32_t>(position));
            host_ids_.push_back(batch.targets[position]);
        }
    }
    next_token_count_ = static_cast<std::int64_t>(host_ids_.size());
    for (std::size_t i = 0; i < batch.answer_positions.size(); ++i) {
        std::int32_t const position = batch.answer_positions[i];
        DNAGPT_EXPECT(batch.targets[static_cast<std::size_t>(position)] < 0);
        host_positions_.push_back(position);
        host_ids_.push_back(batch.answer_targets[i]);
    }
    require_head(shape_.token_head || host_ids_.empty(), "token head");
}

void DeviceBatch::upload(Batch const& batch) {
    ProfileScope const scope("model", "batch to device");
    check(batch);
    list_targets(batch);
    rows_ = batch.rows;
    context_length_ = batch.context_length;
    RowsByToken const grouped = rows_by_token(batch.tokens);
    integers_.clear();
    tokens_ = integers_.append(batch.tokens);
    grouped_rows_ = integers_.append(grouped.rows);
    group_first_ = integers_.append(grouped.first);
    number_positions_ = integers_.append(batch.number_positions);
    target_positions_ = integers_.append(host_positions_);
    target_ids_ = integers_.append(host_ids_);
    regression_positions_ = integers_.append(batch.regression_positions);
    integers_.send();
    upload_floats(batch);
}

void DeviceBatch::upload_floats(Batch const& batch) {
    auto const weights_at = [&](std::vector<std::int32_t> const& positions) {
        std::vector<float> weights;
        if (!batch.row_weights.empty()) {
            for (std::int32_t const position : positions) {
                weights.push_back(
                    batch.row_weights[static_cast<std::size_t>(position / batch.context_length)]);
            }
        }
        return weights;
    };
    floats_.clear();
    numbers_ = floats_.append(batch.number_values);
    regression_targets_ = floats_.append(batch.regression_targets);
    target_weights_ = floats_.append(weights_at(host_positions_));
    regression_weights_ = floats_.append(weights_at(batch.regression_positions));
    floats_.send();
}

}  // namespace dnagpt
