#pragma once

#include <cstdint>
#include <vector>

namespace dnagpt {

/// Rows of equal length that go through a rank's model at once.
struct BatchForm {
    std::int64_t rows = 1;
    std::int64_t length = 0;  ///< positions of a row

    std::int64_t positions() const { return rows * length; }
};

/// Of each length as many rows as fit into `positions`, one at least.
std::vector<BatchForm> forms_within(std::vector<std::int64_t> const& lengths,
                                    std::int64_t positions);

/// The same for every length from 1 to `longest`.
std::vector<BatchForm> forms_up_to(std::int64_t longest, std::int64_t positions);

/// The form with the most positions; of several the longest.
BatchForm largest_form(std::vector<BatchForm> const& forms);

}  // namespace dnagpt
