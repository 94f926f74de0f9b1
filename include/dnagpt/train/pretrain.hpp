#pragma once

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/config/run_config.hpp"
#include "dnagpt/device/device_session.hpp"
#include "dnagpt/train/preemption.hpp"

namespace dnagpt {

/// Pretrains in config.run.folder, from the newest valid checkpoint there or from the beginning.
/// Collective. Returns exit_success when the schedule is done, exit_run_again when `preemption`
/// ended it after a save. With `profile` rank 0 logs at the end where the time of the steps after
/// the first went, by room and operation.
int pretrain(RunConfig const& config, Communicator const& world, DeviceSession const& device,
             Preemption& preemption, bool profile = false);

}  // namespace dnagpt
