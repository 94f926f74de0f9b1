#pragma once

#include <cstdint>
#include <vector>

#include "dnagpt/config/model_shape.hpp"
#include "dnagpt/data/batch.hpp"
#include "dnagpt/device/upload.hpp"
#include "dnagpt/device/views.hpp"

namespace dnagpt {

/// A Batch on the device. Memory is taken once; rows and context length may differ from upload to
/// upload as long as their product fits.
class DeviceBatch {
  public:
    /// Room for `max_positions` = B T.
    DeviceBatch(ModelShape const& shape, std::int64_t max_positions);

    /// Queues the copy of a batch. Throws Error naming an id that the vocabulary does
    /// not have, a position outside the batch, or a context that the model is too short for.
    void upload(Batch const& batch);

    std::int64_t rows() const { return rows_; }
    std::int64_t context_length() const { return context_length_; }
    std::int64_t positions() const { return rows_ * context_length_; }

    /// (B T), negative where a number stands.
    Vector<std::int32_t> tokens() const { return tokens_; }
    /// The lists of rows_by_token.
    Vector<std::int32_t> grouped_rows() const { return grouped_rows_; }
    Vector<std::int32_t> group_first() const { return group_first_; }
    /// (N) flat positions and values of numbers.
    Vector<std::int32_t> number_positions() const { return number_positions_; }
    Vector<float> numbers() const { return numbers_; }
    /// (G) flat positions and targets of the regression head.
    Vector<std::int32_t> regression_positions() const { return regression_positions_; }
    Vector<float> regression_targets() const { return regression_targets_; }
    /// (M + A) flat positions that the token head is read at, distinct: first the M next-token
    /// targets in flat order, then the A answers; and the ids expected there.
    Vector<std::int32_t> target_positions() const { return target_positions_; }
    Vector<std::int32_t> target_ids() const { return target_ids_; }
    /// (M + A) and (G) factors of the losses; empty where all are 1.
    Vector<float> target_weights() const { return target_weights_; }
    Vector<float> regression_weights() const { return regression_weights_; }
    std::int64_t next_token_count() const { return next_token_count_; }
    std::int64_t answer_count() const { return rows_of(target_ids_) - next_token_count_; }

    /// target_positions on the host.
    std::vector<std::int32_t> const& host_target_positions() const { return host_positions_; }

  private:
    void check(Batch const& batch) const;
    void list_targets(Batch const& batch);
    void upload_floats(Batch const& batch);

    ModelShape shape_;
    std::int64_t max_positions_;
    Upload<std::int32_t> integers_;
    Upload<float> floats_;
    std::vector<std::int32_t> host_positions_;
    std::vector<std::int32_t> host_ids_;
    std::int64_t rows_ = 0;
    std::int64_t context_length_ = 0;
    std::int64_t next_token_count_ = 0;
    Vector<std::int32_t> tokens_;
    Vector<std::int32_t> grouped_rows_;
    Vector<std::int32_t> group_first_;
    Vector<std::int32_t> number_positions_;
    Vector<std::int32_t> regression_positions_;
    Vector<std::int32_t> target_positions_;
    Vector<std::int32_t> target_ids_;
    Vector<float> numbers_;
    Vector<float> regression_targets_;
    Vector<float> target_weights_;
    Vector<float> regression_weights_;
};

}  // namespace dnagpt
