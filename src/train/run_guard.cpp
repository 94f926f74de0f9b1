#include "dnagpt/train/run_guard.hpp"

#include "dnagpt/comm/require_same.hpp"
#include "dnagpt/config/config_file.hpp"

namespace dnagpt {

RunGuard::RunGuard(RunConfig const& config, Communicator const& world, Preemption& preemption)
    : watchdog_(config.run.stall_seconds) {
    RunConfig compared = config;
    compared.data.stage.clear();  // each host's own
    require_same(world, "setting", to_toml(compared, PathKeys::keep),
                 "give all ranks the same configuration file and command line");
    preemption.limit_time(config.run.time_limit);
    preemption.watch_job_end(config.run.end_margin);
}

}  // namespace dnagpt
