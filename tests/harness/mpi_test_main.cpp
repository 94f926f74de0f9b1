#include <gtest/gtest.h>

#include <cstdio>
#include <exception>

#include "dnagpt/comm/communicator.hpp"
#include "harness/mpi_verdict.hpp"

int main(int argc, char** argv) {
    try {
        dnagpt::MpiSession const session(argc, argv);
        testing::InitGoogleTest(&argc, argv);
        return dnagpt::testing::run_tests_together(session.world());
    } catch (std::exception const& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
}
