#pragma once

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/config/run_config.hpp"
#include "dnagpt/core/watchdog.hpp"
#include "dnagpt/train/preemption.hpp"

namespace dnagpt {

/// What keeps a training run from hanging and from going wrong unseen, as long as it lives: every
/// rank has the same settings, each has a watchdog, and all know when they must stop.
class RunGuard {
  public:
    /// Collective. Error when the ranks' settings differ.
    RunGuard(RunConfig const& config, Communicator const& world, Preemption& preemption);

  private:
    Watchdog watchdog_;
};

}  // namespace dnagpt
