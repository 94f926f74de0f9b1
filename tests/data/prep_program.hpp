#pragma once

#include <sys/resource.h>
#include <sys/wait.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "harness/temporary_folder.hpp"

namespace dnagpt::testing {

struct Outcome {
    int code = -1;
    std::string output;
};

/// dnagpt-prep as people run it. DNAGPT_PREP and DNAGPT_MPIEXEC come from CMake.
inline Outcome run_prep(std::string const& arguments, int ranks = 1) {
    ::setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 0);
    ::setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 0);
    std::string command = DNAGPT_PREP " " + arguments + " 2>&1";
    if (ranks > 1) {
        command = std::string(DNAGPT_MPIEXEC) + " -n " + std::to_string(ranks) +
                  " --oversubscribe --bind-to none " + command;
    }
    FILE* const pipe = ::popen(command.c_str(), "r");
    Outcome outcome;
    std::array<char, 4096> buffer;
    for (std::size_t got = 0; (got = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
        outcome.output.append(buffer.data(), got);
    }
    outcome.code = WEXITSTATUS(::pclose(pipe));
    return outcome;
}

/// Peak resident memory in MiB of the largest child so far.
inline std::int64_t children_peak() {
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    return usage.ru_maxrss / 1024;
}

/// Shards a species of one record of `lines` x 60 bases.
inline Outcome shard_one_record(std::int64_t lines) {
    TemporaryFolder const folder;
    {
        std::ofstream file(folder.file("x.fa"), std::ios::binary);
        file << ">chr1\n";
        for (std::int64_t i = 0; i < lines; ++i) {
            file << "ACGTTGCAACGTACGGTCATTACGATCGGACTTACGGATCATCGACTTACGGACTACGATA\n";
        }
    }
    folder.write("species.toml", "[[species]]\nname='x'\ntoken='R'\nfiles=['x.fa']\n");
    return run_prep("shard --species " + folder.file("species.toml") + " --output " +
                    folder.file("shards"));
}

}  // namespace dnagpt::testing
