#include "dnagpt/data/pretrain_tasks.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/random.hpp"

namespace dnagpt {
namespace {

enum Purpose : std::uint64_t { direction_purpose = 11, number_purpose = 12 };

std::vector<std::uint16_t> make_reversed_words() {
    std::vector<std::uint16_t> reversed(word_count);
    for (int word = 0; word < word_count; ++word) {
        int rest = word;
        int turned = 0;
        for (int base = 0; base < bases_per_word; ++base) {
            turned = 5 * turned + rest % 5;
            rest /= 5;
        }
        reversed[static_cast<std::size_t>(word)] = static_cast<std::uint16_t>(turned);
    }
    return reversed;
}

struct GcShare {
    std::int64_t gc = 0;
    std::int64_t acgt = 0;
};

GcShare count_gc(std::span<std::uint16_t const> units) {
    auto const counts = word_counts();
    GcShare share;
    for (std::uint16_t const unit : units) {
        if (unit != join_unit) {
            share.gc += counts[unit].gc;
            share.acgt += counts[unit].acgt;
        }
    }
    return share;
}

std::int32_t unit_token(Vocabulary vocabulary, std::uint16_t unit) {
    return unit == join_unit ? plus_token : vocabulary.word_token(unit);
}

std::int32_t unit_target(Vocabulary vocabulary, std::uint16_t unit) {
    return unit == join_unit || word_has_n(unit) ? -1 : vocabulary.word_token(unit);
}

}  // namespace

void reverse_row(std::span<std::uint16_t> row) {
    static std::vector<std::uint16_t> const reversed = make_reversed_words();
    if (!row.empty() && row.back() == join_unit) {
        row = row.first(row.size() - 1);
    }
    if (!row.empty() && row.front() == join_unit) {
        row = row.subspan(1);
    }
    std::reverse(row.begin(), row.end());
    for (std::uint16_t& unit : row) {
        unit = unit == join_unit ? join_unit : reversed[unit];
    }
}

ExampleChoice draw_example(std::uint64_t seed, std::int64_t sample, std::span<std::uint16_t> row) {
    auto const number = static_cast<std::uint64_t>(sample);
    ExampleChoice choice;
    choice.reversed = (random_bits(random_key({seed, direction_purpose}), number) >> 63) != 0;
    if (choice.reversed) {
        reverse_row(row);
    }
    DNAGPT_EXPECT(count_gc(row).acgt > 0);
    std::uint64_t const key = random_key({seed, number_purpose, number});
    GcShare share;
    for (std::uint64_t attempt = 0; share.acgt == 0; ++attempt) {
        choice.words_before = 1 + static_cast<std::int64_t>(random_below(key, attempt, row.size()));
        share = count_gc(row.first(static_cast<std::size_t>(choice.words_before)));
    }
    double const gc = static_cast<double>(share.gc) / static_cast<double>(share.acgt);
    choice.gc = static_cast<float>((gc - gc_mean) / gc_deviation);
    return choice;
}

Batch empty_batch(std::int64_t rows, std::int64_t context_length) {
    Batch batch;
    batch.rows = rows;
    batch.context_length = context_length;
    auto const positions = static_cast<std::size_t>(rows * context_length);
    batch.tokens.assign(positions, padding_token);
    batch.targets.assign(positions, -1);
    batch.species.assign(static_cast<std::size_t>(rows), -1);
    return batch;
}

void fill_pretrain_row(Batch& batch, std::int64_t index, Vocabulary vocabulary,
                       std::int32_t species, char token, std::span<std::uint16_t const> row,
                       ExampleChoice const& choice) {
    auto const n = static_cast<std::int64_t>(row.size());
    std::int64_t const j = choice.words_before;
    DNAGPT_EXPECT(n + template_positions == batch.context_length && j >= 1 && j <= n);
    std::int64_t const first = index * batch.context_length;
    std::int32_t* const tokens = batch.tokens.data() + first;
    std::int32_t* const targets = batch.targets.data() + first;
    batch.species[static_cast<std::size_t>(index)] = species;
    tokens[0] = species_token(token);
    for (std::int64_t i = 0; i < n; ++i) {
        std::int64_t const position = i < j ? 1 + i : 3 + i;
        tokens[position] = unit_token(vocabulary, row[static_cast<std::size_t>(i)]);
        targets[position - 1] = unit_target(vocabulary, row[static_cast<std::size_t>(i)]);
    }
    tokens[j + 1] = m_token;
    tokens[j + 2] = -1;
    tokens[n + 3] = equals_token;
    tokens[n + 4] = b_token;
    batch.number_positions.push_back(static_cast<std::int32_t>(first + j + 2));
    batch.number_values.push_back(choice.gc);
    batch.regression_positions.push_back(static_cast<std::int32_t>(first + j + 1));
    batch.regression_targets.push_back(choice.gc);
    batch.answer_positions.push_back(static_cast<std::int32_t>(first + n + 4));
    batch.answer_targets.push_back(choice.reversed ? vocabulary.false_word()
                                                   : vocabulary.true_word());
}

}  // namespace dnagpt
