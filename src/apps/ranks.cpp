#include "dnagpt/apps/ranks.hpp"

#include <fmt/format.h>

#include <exception>

#include "dnagpt/apps/build_libraries.hpp"
#include "dnagpt/comm/require_same.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/program.hpp"

namespace dnagpt {
namespace {

void log_ranks(Communicator const& world, DeviceSession const& device) {
    std::string const line = fmt::format("rank {}: {}, cores {}, {}", world.rank(), host_name(),
                                         allowed_cores(), device.description());
    for (std::string const& each : world.all_gather(line)) {
        log_info(each);
    }
}

}  // namespace

int run_ranks(RankWork const& work) {
    require_instruction_sets("dnagpt");
    int argument_count = 0;
    char** arguments = nullptr;
    MpiSession const mpi(argument_count, arguments);
    Communicator const& world = mpi.world();
    set_log_rank(world.rank(), world.size());
    try {
        if (world.size() > 1) {
            require_same(world, "build of dnagpt", program_digest(),
                         "start the same file on every node (one build for the oldest CPU: "
                         "-DDNAGPT_ARCH=x86-64-v3)");
        }
        DeviceSession const device(world.local_rank(), world.local_size());
        log_info(program_version("dnagpt") + ", " + build_libraries());
        log_ranks(world, device);
        return work(world, device);
    } catch (std::exception const& failure) {
        log_error(failure.what());
        if (world.size() > 1) {
            MpiSession::abort(exit_failure);
        }
        return exit_failure;
    }
}

}  // namespace dnagpt
