#pragma once

#include <string>
#include <vector>

#include "dnagpt/config/run_config.hpp"

namespace dnagpt {

/// One way to share out the cores of this host.
struct LaunchChoice {
    int ranks = 1;
    int threads = 1;  ///< of each rank, for matrix products

    bool operator==(LaunchChoice const&) const = default;
};

/// Every number of ranks that divides `cores` and has a row to work on, all cores busy.
std::vector<LaunchChoice> launch_choices(int cores, std::int64_t rows_per_step);

/// "env OMP_NUM_THREADS=1 mpirun --oversubscribe --bind-to none -n 2", or with the launcher that
/// the environment variable DNAGPT_LAUNCH gives; srun, and mpirun that binds to cores, are also
/// told the cores of a rank.
std::string launch_line(LaunchChoice const& choice);

/// Times each choice by a child run of `dnagpt pretrain config settings --measure` over the
/// same rows (at most one micro-batch for each core), prints a table, and as the last line of
/// standard output "launch: " and the fastest choice's launch line. Choices that need more memory
/// than is free are left out, aloud. Throws Error when a child run fails or no choice is left.
void measure_launch_choices(std::string const& config_path,
                            std::vector<std::string> const& settings, RunConfig const& config,
                            int steps);

}  // namespace dnagpt
