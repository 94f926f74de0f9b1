#include <gtest/gtest.h>

#include <cstdio>
#include <exception>

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/device/device_session.hpp"
#include "harness/mpi_verdict.hpp"

int main(int argc, char** argv) {
    try {
        dnagpt::MpiSession const session(argc, argv);
        auto const& world = session.world();
        dnagpt::DeviceSession const device(world.local_rank(), world.local_size());
        testing::InitGoogleTest(&argc, argv);
        return dnagpt::testing::run_tests_together(world);
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
}
