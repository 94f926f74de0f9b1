#pragma once

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/config/run_config.hpp"
#include "dnagpt/device/device_session.hpp"
#include "dnagpt/train/preemption.hpp"

namespace dnagpt {

/// Fine-tunes on config.finetune's labelled sets in config.run.folder, from the newest valid
/// checkpoint there, or from finetune.from, or from random weights; validates after every epoch,
/// takes the best one's weights and writes evaluation.json and predictions.tsv. Several seeds or
/// folds run one after the other in folders of their own, and evaluation.json of run.folder sums
/// them up. Collective. Returns exit_success or, after a save, exit_run_again.
int finetune(RunConfig const& config, Communicator const& world, DeviceSession const& device,
             Preemption& preemption, bool profile = false);

}  // namespace dnagpt
