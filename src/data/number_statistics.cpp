#include "dnagpt/data/number_statistics.hpp"

#include <cmath>
#include <cstddef>

namespace dnagpt {

NumberStatistics statistics_of(std::span<double const> numbers) {
    if (numbers.empty()) {
        return {};
    }
    auto const count = static_cast<double>(numbers.size());
    double differences = 0;  // from the first number: equal numbers deviate by exactly 0
    for (double const number : numbers) {
        differences += number - numbers.front();
    }
    NumberStatistics statistics;
    statistics.mean = numbers.front() + differences / count;
    double squares = 0;
    for (double const number : numbers) {
        squares += (number - statistics.mean) * (number - statistics.mean);
    }
    statistics.deviation = std::sqrt(squares / count);
    return statistics;
}

SetStatistics training_statistics(LabelledSet const& set) {
    std::vector<std::vector<double>> columns(set.number_names.size());
    std::vector<double> targets;
    for (LabelledExample const& example : set.examples) {
        if (example.split != Split::train) {
            continue;
        }
        targets.push_back(example.target);
        for (std::size_t i = 0; i < columns.size(); ++i) {
            columns[i].push_back(example.numbers[i]);
        }
    }
    SetStatistics statistics;
    statistics.target = statistics_of(targets);
    for (std::vector<double> const& column : columns) {
        statistics.numbers.push_back(statistics_of(column));
    }
    return statistics;
}

}  // namespace dnagpt
