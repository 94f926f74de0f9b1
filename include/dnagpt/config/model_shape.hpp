#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dnagpt {

/// What fixes a model's parameters: five numbers, and the heads it has.
struct ModelShape {
    std::int64_t layers = 0;
    std::int64_t heads = 0;
    std::int64_t channels = 0;
    std::int64_t context_length = 0;
    std::int64_t vocabulary_size = 0;
    bool token_head = true;
    bool regression_head = true;
    bool number_embedding = true;

    std::int64_t head_dimension() const { return channels / heads; }
    bool operator==(ModelShape const&) const = default;
};

/// A row of the paper's model table. `vocabulary` is "fixed" or "dynamic".
struct ModelPreset {
    std::string name;
    std::int64_t layers;
    std::int64_t heads;
    std::int64_t channels;
    std::int64_t context_length;
    std::string vocabulary;
};

/// All presets: dnagpt_h, dnagpt_m, dnagpt_s_512, dnagpt_b_512.
std::vector<ModelPreset> const& model_presets();

}  // namespace dnagpt
