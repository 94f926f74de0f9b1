#include "nearest_key.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace dnagpt {
namespace {

std::size_t edit_distance(std::string const& a, std::string const& b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t const substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
        }
    }
    return row.back();
}

}  // namespace

std::string nearest_key(std::string const& key, std::vector<std::string> const& candidates) {
    return *std::min_element(candidates.begin(), candidates.end(),
                             [&](std::string const& a, std::string const& b) {
                                 return edit_distance(key, a) < edit_distance(key, b);
                             });
}

}  // namespace dnagpt
