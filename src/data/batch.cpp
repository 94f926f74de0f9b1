#include "dnagpt/data/batch.hpp"

#include <algorithm>

#include "dnagpt/core/hash.hpp"
#include "dnagpt/genome/vocabulary.hpp"

namespace dnagpt {
namespace {

/// Positions of a row without the padding at its end.
std::int64_t filled_length(Batch const& batch, std::int64_t row) {
    auto const begin = batch.tokens.begin() + row * batch.context_length;
    std::int64_t length = batch.context_length;
    while (length > 0 && begin[length - 1] == padding_token) {
        --length;
    }
    return length;
}

std::uint64_t digest_part(std::vector<std::int32_t> const& values, std::int64_t first,
                          std::int64_t count, std::uint64_t seed) {
    return hash_bytes(values.data() + first, static_cast<std::size_t>(count) * sizeof(std::int32_t),
                      seed);
}

}  // namespace

std::uint64_t digest_rows(Batch const& batch) {
    std::uint64_t sum = 0;
    std::size_t number = 0;
    for (std::int64_t row = 0; row < batch.rows; ++row) {
        std::int64_t const first = row * batch.context_length;
        std::int64_t const length = filled_length(batch, row);
        std::uint64_t digest = digest_part(batch.tokens, first, length, 0);
        digest = digest_part(batch.targets, first, length, digest);
        for (; number < batch.number_positions.size() &&
               batch.number_positions[number] < first + batch.context_length;
             ++number) {
            digest = hash_bytes(&batch.number_values[number], sizeof(float), digest);
        }
        sum += digest & rows_digest_mask;
    }
    return sum & rows_digest_mask;
}

TargetCounts count_targets(Batch const& batch) {
    TargetCounts counts;
    counts.next_token = std::count_if(batch.targets.begin(), batch.targets.end(),
                                      [](std::int32_t target) { return target >= 0; });
    counts.regression = static_cast<std::int64_t>(batch.regression_positions.size());
    counts.answer = static_cast<std::int64_t>(batch.answer_positions.size());
    counts.positions = std::ranges::count_if(
        batch.tokens, [](std::int32_t token) { return token != padding_token; });
    return counts;
}

}  // namespace dnagpt
