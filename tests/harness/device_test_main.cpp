#include <gtest/gtest.h>

#include <cstdio>
#include <exception>

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/device/device_session.hpp"
#include "harness/device_test_session.hpp"
#include "harness/mpi_verdict.hpp"

namespace dnagpt::testing {
namespace {

DeviceSession const* running_device = nullptr;

}  // namespace

DeviceSession const& device() {
    DNAGPT_EXPECT(running_device != nullptr);
    return *running_device;
}

}  // namespace dnagpt::testing

int main(int argc, char** argv) {
    try {
        dnagpt::MpiSession const session(argc, argv);
        auto const& world = session.world();
        if (!world.all(dnagpt::has_devices(world.local_size()))) {
            std::fprintf(stderr, "SKIPPED: %d ranks on a host with fewer GPUs\n",
                         world.local_size());
            constexpr int skipped = 77;
            return skipped;
        }
        dnagpt::DeviceSession const device(world.local_rank(), world.local_size());
        dnagpt::testing::running_device = &device;
        testing::InitGoogleTest(&argc, argv);
        return dnagpt::testing::run_tests_together(world);
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
}
