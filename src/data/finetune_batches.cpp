#include "dnagpt/data/finetune_batches.hpp"

#include <algorithm>
#include <numeric>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/random.hpp"
#include "dnagpt/data/pretrain_tasks.hpp"

namespace dnagpt {
namespace {

enum Purpose : std::uint64_t { order_purpose = 31, strand_purpose = 32, shift_purpose = 33 };

std::int64_t count_targets_of(FinetuneRow const& row) {
    return std::ranges::count_if(row.targets, [](std::int32_t target) { return target >= 0; });
}

void put_row(FinetuneRow const& row, std::int64_t index, RowWeights weights, Batch& batch) {
    std::int64_t const first = index * batch.context_length;
    auto const last = static_cast<std::int32_t>(first + row.length() - 1);
    std::ranges::copy(row.input.tokens, batch.tokens.begin() + first);
    std::ranges::copy(row.targets, batch.targets.begin() + first);
    for (std::int64_t i = 0; i < row.length(); ++i) {
        if (row.input.tokens[static_cast<std::size_t>(i)] < 0) {
            batch.number_positions.push_back(static_cast<std::int32_t>(first + i));
        }
    }
    batch.number_values.insert(batch.number_values.end(), row.input.numbers.begin(),
                               row.input.numbers.end());
    if (row.answer >= 0) {
        batch.answer_positions.push_back(last);
        batch.answer_targets.push_back(row.answer);
    }
    if (row.asks_number) {
        batch.regression_positions.push_back(last);
        batch.regression_targets.push_back(row.target);
    }
    if (weights == RowWeights::of_training) {
        auto const targets = static_cast<float>(std::max<std::int64_t>(count_targets_of(row), 1));
        batch.row_weights.push_back(row.weight / targets);
    }
}

/// What a step needs beside its number.
struct StepSource {
    FinetuneData const& data;
    std::vector<ExamplePlace> examples;
    FinetuneSection settings;
    std::uint64_t seed;
    std::int64_t positions;
    int rank;
    int world_size;
};

FinetuneRow drawn_row(StepSource const& source, std::int64_t sample) {
    auto const count = static_cast<std::int64_t>(source.examples.size());
    auto const number = static_cast<std::uint64_t>(sample);
    auto const epoch = static_cast<std::uint64_t>(sample / count);
    std::uint64_t const place =
        random_permutation(random_key({source.seed, order_purpose, epoch}), source.examples.size(),
                           static_cast<std::uint64_t>(sample % count));
    ExampleView view;
    view.reverse_complement =
        source.settings.reverse_complement &&
        random_below(random_key({source.seed, strand_purpose}), number, 2) == 1;
    view.shift = static_cast<std::int64_t>(
        random_below(random_key({source.seed, shift_purpose}), number,
                     static_cast<std::uint64_t>(source.settings.shift) + 1));
    return source.data.row(source.examples[place], view);
}

StepBatches assemble(StepSource const& source, std::int64_t step, std::int64_t block) {
    RowRange const range =
        rows_of_rank(source.settings.rows_per_step, source.rank, source.world_size);
    std::vector<FinetuneRow> rows;
    std::vector<std::int64_t> lengths;
    for (std::int64_t i = range.first; i < range.last; ++i) {
        rows.push_back(drawn_row(source, block * source.settings.rows_per_step + i));
        lengths.push_back(rows.back().length());
    }
    StepBatches result;
    result.step = step;
    result.block = block;
    for (auto const& members : pack_by_length(lengths, source.positions)) {
        std::vector<FinetuneRow> chosen;
        for (std::size_t const member : members) {
            chosen.push_back(std::move(rows[member]));
        }
        result.micro_batches.push_back(make_batch(chosen, RowWeights::of_training));
        result.targets.positions += count_targets(result.micro_batches.back()).positions;
    }
    // The loss is a mean over rows, whatever they answer.
    std::int64_t const own = range.last - range.first;
    result.targets.next_token = result.targets.regression = result.targets.answer = own;
    return result;
}

}  // namespace

Batch make_batch(std::span<FinetuneRow const> rows, RowWeights weights) {
    std::int64_t longest = 0;
    for (FinetuneRow const& row : rows) {
        longest = std::max(longest, row.length());
    }
    Batch batch = empty_batch(std::ssize(rows), longest);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        put_row(rows[i], static_cast<std::int64_t>(i), weights, batch);
    }
    return batch;
}

std::vector<std::vector<std::size_t>> pack_by_length(std::span<std::int64_t const> lengths,
                                                     std::int64_t positions) {
    std::vector<std::size_t> order(lengths.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::ranges::greater(),
                             [&](std::size_t i) { return lengths[i]; });
    std::vector<std::vector<std::size_t>> groups;
    std::int64_t longest = 0;
    for (std::size_t const row : order) {
        bool const fits = !groups.empty() && (std::ssize(groups.back()) + 1) * longest <= positions;
        if (!fits) {
            groups.emplace_back();
            longest = lengths[row];
        }
        groups.back().push_back(row);
    }
    return groups;
}

AssembleStep finetuning_steps(FinetuneData const& data, RunConfig const& config,
                              std::int64_t positions, int rank, int world_size) {
    StepSource source{data,
                      data.examples({Split::train}),
                      config.finetune,
                      static_cast<std::uint64_t>(config.run.seed),
                      positions,
                      rank,
                      world_size};
    return [source = std::move(source)](std::int64_t step, std::int64_t block) {
        return assemble(source, step, block);
    };
}

}  // namespace dnagpt
