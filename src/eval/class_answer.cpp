#include "dnagpt/eval/class_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace dnagpt {

void ClassAnswer::add(ClassLogits const& logits, double share) {
    std::vector<double> masses;
    double inside = 0;
    for (float const logit : logits.of_classes) {
        masses.push_back(std::exp(static_cast<double>(logit) - logits.log_normaliser));
        inside += masses.back();
    }
    for (std::size_t label = 0; label < masses.size(); ++label) {
        probabilities[label] += share * masses[label] / inside;
        likeliest_of_all[label] += logits.of_classes[label] >= logits.largest ? share : 0;
    }
    outside_mass += share * std::max(0.0, 1 - inside);
}

std::size_t ClassAnswer::predicted() const {
    return static_cast<std::size_t>(std::ranges::max_element(probabilities) -
                                    probabilities.begin());
}

std::string class_columns(std::vector<std::string> const& classes) {
    std::string columns = "\tpredicted";
    for (std::string const& name : classes) {
        columns += "\tp_" + name;
    }
    return columns + "\toutside_mass";
}

std::string class_fields(ClassAnswer const& answer, std::vector<std::string> const& classes,
                         Digits digits) {
    std::string fields = "\t" + classes[answer.predicted()];
    for (double const probability : answer.probabilities) {
        fields += digits == Digits::all ? fmt::format("\t{}", probability)
                                        : fmt::format("\t{:.6g}", probability);
    }
    return fields + fmt::format("\t{:.6g}", answer.outside_mass);
}

}  // namespace dnagpt
