#pragma once

#include <cstdint>
#include <vector>

namespace dnagpt {

/// Rows of T positions with their targets, on the host. Flat positions are row T + position.
struct Batch {
    std::int64_t rows = 0;
    std::int64_t context_length = 0;
    /// (rows T): token ids; -1 where a number stands instead of a token.
    std::vector<std::int32_t> tokens;
    /// (rows T): the id to be predicted at this position; -1: no token loss.
    std::vector<std::int32_t> targets;
    /// (N): the positions of numbers in flat order, and the numbers themselves.
    std::vector<std::int32_t> number_positions;
    std::vector<float> number_values;
    /// (G): the positions whose input is `<M>` and where the regression head is trained, and its
    /// targets.
    std::vector<std::int32_t> regression_positions;
    std::vector<float> regression_targets;
    /// (A): the positions of `<B>` where a class answer is asked, and the answer's id.
    std::vector<std::int32_t> answer_positions;
    std::vector<std::int32_t> answer_targets;
    /// (rows): factor of all losses of a row; empty: 1.
    std::vector<float> row_weights;
    /// (rows): index of the row's species in the data set; -1 where it has none.
    std::vector<std::int32_t> species;
};

/// How many targets each of the three losses has, by which its sum is divided: per batch, per rank
/// or over the world.
struct TargetCounts {
    std::int64_t next_token = 0;
    std::int64_t regression = 0;
    std::int64_t answer = 0;
    std::int64_t positions = 0;  ///< that hold input, not padding

    TargetCounts& operator+=(TargetCounts const& other) {
        next_token += other.next_token;
        regression += other.regression;
        answer += other.answer;
        positions += other.positions;
        return *this;
    }
};

/// Sum of a digest of each row (tokens, targets and numbers, without padding) modulo 2^48: the same
/// however rows are spread over batches and ranks.
std::uint64_t digest_rows(Batch const& batch);
inline constexpr std::uint64_t rows_digest_mask = (std::uint64_t{1} << 48) - 1;

/// Counts a batch's targets and positions.
TargetCounts count_targets(Batch const& batch);

}  // namespace dnagpt
