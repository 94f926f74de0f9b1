#pragma once

#include <span>
#include <vector>

#include "dnagpt/data/labelled_set.hpp"

namespace dnagpt {

/// Mean and standard deviation of numbers; the mean of their squared differences from the mean is
/// the squared deviation.
struct NumberStatistics {
    double mean = 0;
    double deviation = 0;
};
/// Both 0 for no number.
NumberStatistics statistics_of(std::span<double const> numbers);

/// Statistics of a set's numbers, one for each of LabelledSet::number_names, and of its target.
struct SetStatistics {
    std::vector<NumberStatistics> numbers;
    NumberStatistics target;
};
/// Over the training examples: what numbers and targets are scaled with in every split.
SetStatistics training_statistics(LabelledSet const& set);

}  // namespace dnagpt
