#include "dnagpt/eval/scores.hpp"

#include <cmath>
#include <numbers>
#include <type_traits>

#include "dnagpt/data/pretrain_tasks.hpp"

namespace dnagpt {
namespace {

static_assert(std::is_standard_layout_v<SpeciesSums>);
static_assert(sizeof(SpeciesSums) % sizeof(double) == 0);

double ratio(double numerator, double denominator) {
    return denominator > 0 ? numerator / denominator : 0;
}

nlohmann::ordered_json or_null(double value, double count) {
    return count > 0 ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

}  // namespace

std::span<double> as_numbers(std::vector<SpeciesSums>& sums) {
    return {reinterpret_cast<double*>(sums.data()), sums.size() * species_sum_count};
}

SpeciesSums& SpeciesSums::operator+=(SpeciesSums const& other) {
    auto* own = reinterpret_cast<double*>(this);
    auto const* more = reinterpret_cast<double const*>(&other);
    for (std::size_t i = 0; i < species_sum_count; ++i) {
        own[i] += more[i];
    }
    return *this;
}

double bits_per_base(SpeciesSums const& sums) {
    return ratio(sums.nats, sums.bases) / std::numbers::ln2;
}

double novel_bits_per_base(SpeciesSums const& sums) {
    return ratio(sums.novel_nats, sums.novel_bases) / std::numbers::ln2;
}

double gc_r2(SpeciesSums const& sums) {
    double const total = sums.gc_sum_of_squares - ratio(sums.gc_sum * sums.gc_sum, sums.gc_count);
    return total > 0 ? 1 - sums.gc_squared_error / total : 0;
}

double gc_error(SpeciesSums const& sums) {
    return 100 * gc_deviation * ratio(sums.gc_absolute_error, sums.gc_count);
}

double order_accuracy(SpeciesSums const& sums) {
    return ratio(sums.order_correct, sums.order_count);
}

nlohmann::ordered_json to_json(SpeciesSums const& sums) {
    nlohmann::ordered_json scores;
    scores["bits_per_base"] = or_null(bits_per_base(sums), sums.bases);
    scores["bits_per_base_novel"] = or_null(novel_bits_per_base(sums), sums.novel_bases);
    scores["bases"] = static_cast<std::int64_t>(sums.bases);
    scores["novel_bases"] = static_cast<std::int64_t>(sums.novel_bases);
    scores["loss_next_token"] =
        or_null(ratio(sums.next_token, sums.next_token_count), sums.next_token_count);
    scores["loss_gc"] = or_null(ratio(sums.gc_squared_error, sums.gc_count), sums.gc_count);
    scores["loss_order"] = or_null(ratio(sums.order, sums.order_count), sums.order_count);
    scores["gc_r2"] = or_null(gc_r2(sums), sums.gc_count);
    scores["gc_mean_absolute_error"] = or_null(gc_error(sums), sums.gc_count);
    scores["order_accuracy"] = or_null(order_accuracy(sums), sums.order_count);
    scores["order_count"] = static_cast<std::int64_t>(sums.order_count);
    return scores;
}

}  // namespace dnagpt
