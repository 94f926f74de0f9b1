#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dnagpt {

/// Behind the final layernorm: what the heads read.
inline constexpr std::int64_t final_layer = -1;

/// Layers that can be chosen: 0 are the embeddings.
struct KnownLayers {
    std::int64_t first = 0;
    std::int64_t last = 0;
    bool final = true;  ///< final_layer too
};

/// Layers by names: numbers, "final", or "all" that are known. Error for other names and for one
/// that stands twice.
std::vector<std::int64_t> layers_called(std::vector<std::string> const& names,
                                        KnownLayers const& known);

/// "layer_3" or "final".
std::string layer_name(std::int64_t layer);

}  // namespace dnagpt
