#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dnagpt/apps/record_options.hpp"
#include "dnagpt/checkpoint/checkpoint_file.hpp"
#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/device/device_session.hpp"

namespace dnagpt {

/// What attention is averaged over.
struct AttentionOfSetOptions {
    std::string path;  ///< FILE, or NAME=FILE to name the task that it is for
    std::string split = "test";
    std::optional<std::uint64_t> random_weights;  ///< seed; none: the checkpoint's weights
};

/// Writes, for each class, layer and head, how much the position of the answer attends to each
/// position, the mean over the examples. Error where prompts differ in length. Collective.
template <class T>
void average_attention(AttentionOfSetOptions const& options, RecordOptions const& records,
                       std::vector<std::string> const& layers, CheckpointReader const& reader,
                       Communicator const& world, DeviceSession const& device);

}  // namespace dnagpt
