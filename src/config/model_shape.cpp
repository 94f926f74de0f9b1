#include "dnagpt/config/model_shape.hpp"

namespace dnagpt {

std::vector<ModelPreset> const& model_presets() {
    static std::vector<ModelPreset> const presets = {
        {"dnagpt_h", 12, 12, 768, 4096, "fixed"},
        {"dnagpt_m", 12, 12, 768, 4096, "fixed"},
        {"dnagpt_s_512", 12, 12, 768, 512, "dynamic"},
        {"dnagpt_b_512", 60, 64, 2048, 512, "dynamic"},
    };
    return presets;
}

}  // namespace dnagpt
