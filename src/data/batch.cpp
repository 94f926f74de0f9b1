#include "dnagpt/data/batch.hpp"

#include <algorithm>

#include "dnagpt/genome/vocabulary.hpp"

namespace dnagpt {

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
