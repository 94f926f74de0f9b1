#include "dnagpt/eval/number_scores.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace dnagpt {
namespace {

/// Weighted sums of squares and products about the means.
struct Moments {
    double weight = 0;
    double a = 0;
    double b = 0;
    double product = 0;
};

/// By differences from the first value: the mean of equal values is that value.
double weighted_mean(std::span<double const> values, std::span<double const> weights,
                     double weight) {
    auto const drawn = std::ranges::find_if(weights, [](double each) { return each > 0; });
    double const first = values[static_cast<std::size_t>(drawn - weights.begin())];
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        sum += weights[i] * (values[i] - first);
    }
    return first + sum / weight;
}

Moments moments_of(std::span<double const> a, std::span<double const> b,
                   std::span<double const> weights) {
    Moments moments;
    moments.weight = std::accumulate(weights.begin(), weights.end(), 0.0);
    double const mean_a = weighted_mean(a, weights, moments.weight);
    double const mean_b = weighted_mean(b, weights, moments.weight);
    for (std::size_t i = 0; i < a.size(); ++i) {
        moments.a += weights[i] * (a[i] - mean_a) * (a[i] - mean_a);
        moments.b += weights[i] * (b[i] - mean_b) * (b[i] - mean_b);
        moments.product += weights[i] * (a[i] - mean_a) * (b[i] - mean_b);
    }
    return moments;
}

double or_undefined(double numerator, double denominator) {
    return denominator > 0 ? numerator / denominator : std::numeric_limits<double>::quiet_NaN();
}

std::vector<double> ranks(std::span<double const> values) {
    std::vector<std::size_t> order(values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t i) { return values[i]; });
    std::vector<double> ranks(values.size());
    for (std::size_t begin = 0; begin < order.size();) {
        std::size_t end = begin;
        while (end < order.size() && values[order[end]] == values[order[begin]]) {
            ++end;
        }
        for (std::size_t i = begin; i < end; ++i) {
            ranks[order[i]] = static_cast<double>(begin + end - 1) / 2;
        }
        begin = end;
    }
    return ranks;
}

}  // namespace

std::vector<std::string> number_score_names() {
    return {"r2", "r2_residual", "mean_absolute_error", "root_mean_squared_error"};
}

std::vector<double> number_scores(std::span<double const> targets,
                                  std::span<double const> predicted,
                                  std::span<double const> weights) {
    Moments const moments = moments_of(targets, predicted, weights);
    double squares = 0;
    double magnitudes = 0;
    for (std::size_t i = 0; i < targets.size(); ++i) {
        double const error = predicted[i] - targets[i];
        squares += weights[i] * error * error;
        magnitudes += weights[i] * std::abs(error);
    }
    return {or_undefined(moments.product * moments.product, moments.a * moments.b),
            1 - or_undefined(squares, moments.a), magnitudes / moments.weight,
            std::sqrt(squares / moments.weight)};
}

double rank_correlation(std::span<double const> a, std::span<double const> b) {
    std::vector<double> const ones(a.size(), 1.0);
    Moments const moments = moments_of(ranks(a), ranks(b), ones);
    return or_undefined(moments.product, std::sqrt(moments.a * moments.b));
}

}  // namespace dnagpt
