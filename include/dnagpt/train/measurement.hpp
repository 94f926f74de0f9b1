#pragma once

#include <cstdint>

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/config/run_config.hpp"
#include "dnagpt/device/device_session.hpp"

namespace dnagpt {

struct MeasurementOptions {
    std::int64_t steps = 3;  ///< timed, after one that is not
    bool profile = false;
};

/// Times steps of a run that starts from random weights in a folder of its own, which is removed:
/// nothing is saved or validated. Rank 0 prints one JSON object to standard output: ranks, threads,
/// tokens_per_step, step_seconds (one a step), tokens_per_second (of the median step),
/// peak_memory_bytes (of the largest rank, host) and planned_memory_bytes.
void measure_pretraining(RunConfig const& config, Communicator const& world,
                         DeviceSession const& device, MeasurementOptions const& options);

}  // namespace dnagpt
