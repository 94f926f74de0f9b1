#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

namespace dnagpt {

/// Sums over the scored rows of one species. Only doubles, so that ranks add them up as an array.
struct SpeciesSums {
    double nats = 0;        ///< -ln p of the scored words, rows `<S> w1 .. wn`
    double bases = 0;       ///< A, C, G, T in those words
    double novel_nats = 0;  ///< the same over words without any base seen in training
    double novel_bases = 0;
    double next_token = 0;  ///< cross-entropies of the next-token task (nats)
    double next_token_count = 0;
    double gc_squared_error = 0;  ///< in scaled GC numbers
    double gc_absolute_error = 0;
    double gc_sum = 0;  ///< of the targets
    double gc_sum_of_squares = 0;
    double gc_count = 0;
    double order = 0;  ///< cross-entropies of the order answers (nats)
    double order_correct = 0;
    double order_count = 0;

    SpeciesSums& operator+=(SpeciesSums const& other);
};
inline constexpr std::size_t species_sum_count = sizeof(SpeciesSums) / sizeof(double);

/// All sums as one array.
std::span<double> as_numbers(std::vector<SpeciesSums>& sums);

/// Bits per A, C, G or T; 0 where there is none.
double bits_per_base(SpeciesSums const& sums);
double novel_bits_per_base(SpeciesSums const& sums);
/// 1 - SSE/SST of the GC numbers; 0 where the targets do not vary.
double gc_r2(SpeciesSums const& sums);
/// Mean absolute error of the GC share, in percentage points of GC.
double gc_error(SpeciesSums const& sums);
/// Share of the rows whose direction is told rightly; 0.5 is chance.
double order_accuracy(SpeciesSums const& sums);

/// The scores of one species, as in evaluation.json; see docs/file_formats.md.
nlohmann::ordered_json to_json(SpeciesSums const& sums);

}  // namespace dnagpt
