#include "dnagpt/model/batch_form.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "dnagpt/core/check.hpp"

namespace dnagpt {

std::vector<BatchForm> forms_within(std::vector<std::int64_t> const& lengths,
                                    std::int64_t positions) {
    std::vector<BatchForm> forms;
    for (std::int64_t const length : lengths) {
        forms.push_back({std::max<std::int64_t>(positions / length, 1), length});
    }
    return forms;
}

std::vector<BatchForm> forms_up_to(std::int64_t longest, std::int64_t positions) {
    std::vector<std::int64_t> lengths(static_cast<std::size_t>(longest));
    std::iota(lengths.begin(), lengths.end(), 1);
    return forms_within(lengths, positions);
}

BatchForm largest_form(std::vector<BatchForm> const& forms) {
    DNAGPT_EXPECT(!forms.empty());
    return *std::ranges::max_element(
        forms, {}, [](BatchForm const& form) { return std::pair(form.positions(), form.length); });
}

}  // namespace dnagpt
