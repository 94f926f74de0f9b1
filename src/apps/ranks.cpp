#include "dnagpt/apps/ranks.hpp"

#include <fmt/format.h>

#include <exception>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/core/program.hpp"

namespace dnagpt {
namespace {

void check_cpu() {
    std::string const missing = missing_instruction_sets();
    DNAGPT_VALIDATE(missing.empty(),
                    << program_version("dnagpt") << " uses instructions that this CPU lacks ("
                    << missing << "); rebuild with -DDNAGPT_ARCH=x86-64-v3 or on this machine");
}

void log_ranks(Communicator const& world, DeviceSession const& device) {
    std::string const line =
        fmt::format("rank {}: {}, {}", world.rank(), host_name(), device.description());
    for (std::string const& each : world.all_gather(line)) {
        log_info(each);
    }
}

}  // namespace

int run_ranks(RankWork const& work) {
    check_cpu();
    int argument_count = 0;
    char** arguments = nullptr;
    MpiSession const mpi(argument_count, arguments);
    Communicator const& world = mpi.world();
    set_log_rank(world.rank(), world.size());
    try {
        DeviceSession const device(world.local_rank(), world.local_size());
        log_info(program_version("dnagpt") + ", " + mpi_library());
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
