#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dnagpt {

/// A tensor's place in the flat vectors: first element and shape.
struct StoredTensor {
    std::string name;
    std::int64_t offset = 0;
    std::vector<std::int64_t> shape;

    bool operator==(StoredTensor const&) const = default;
};

/// Everything of a training state but its three flat vectors. No time, path or host: equal runs
/// write equal bytes.
struct CheckpointHeader {
    std::int64_t step = 0;  ///< optimizer steps taken
    std::uint64_t seed = 0;
    std::string sampler;                  ///< place in the data, JSON
    std::string task;                     ///< what it was fine-tuned for, JSON; or empty
    std::vector<std::int64_t> skip_list;  ///< blocks of rows that are left out
    std::string config;                   ///< resolved TOML without path-valued keys
    std::int64_t elements = 0;            ///< length of each flat vector, gaps included
    std::vector<StoredTensor> layout;

    std::string vocabulary;  ///< kind, with the words of the order task
    std::string true_word;
    std::string false_word;

    /// What bit-identical results depend on; a difference at resume is one warning.
    std::string build;
    std::int64_t world_size = 1;
    std::int64_t threads = 1;  ///< per rank
    std::string device_model;
    std::string libraries;
    std::string product_choices;  ///< GemmEngine::choices; taken again at resume

    bool operator==(CheckpointHeader const&) const = default;
};

/// A piece of a flat vector that this rank owns.
struct StateSlab {
    std::int64_t file_element_offset = 0;  ///< of its first element in the flat vector
    float const* data = nullptr;           ///< on the device
    std::int64_t count = 0;
};

/// This rank's pieces; over all ranks they cover each flat vector once.
struct StateSlabs {
    std::vector<StateSlab> master;
    std::vector<StateSlab> adam_m;
    std::vector<StateSlab> adam_v;
};

}  // namespace dnagpt
