#include "dnagpt/eval/layer_choice.hpp"

#include <algorithm>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/parse_number.hpp"

namespace dnagpt {

std::vector<std::int64_t> layers_called(std::vector<std::string> const& names,
                                        KnownLayers const& known) {
    std::vector<std::int64_t> chosen;
    for (std::string const& name : names) {
        if (name == "all") {
            for (std::int64_t layer = known.first; layer <= known.last; ++layer) {
                chosen.push_back(layer);
            }
        } else if (auto const number = parse_whole_number(name);
                   number && *number >= known.first && *number <= known.last) {
            chosen.push_back(*number);
        } else {
            DNAGPT_VALIDATE(known.final && name == "final",
                            << "there is no layer '" << name << "'; choose from " << known.first
                            << (known.first == 0 ? " (the embeddings)" : "") << " to " << known.last
                            << (known.final ? ", final" : "") << ", or all");
        }
        if (known.final && (name == "all" || name == "final")) {
            chosen.push_back(final_layer);
        }
    }
    for (std::int64_t const layer : chosen) {
        DNAGPT_VALIDATE(std::ranges::count(chosen, layer) == 1,
                        << layer_name(layer) << " is chosen twice; name it once");
    }
    return chosen;
}

std::string layer_name(std::int64_t layer) {
    return layer == final_layer ? "final" : "layer_" + std::to_string(layer);
}

}  // namespace dnagpt
