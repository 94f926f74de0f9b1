#pragma once

#include <cstdint>
#include <string>

namespace dnagpt {

/// Exit codes of both programs.
inline constexpr int exit_success = 0;
inline constexpr int exit_failure = 1;
inline constexpr int exit_wrong_use = 2;
/// The state is saved; the same command goes on from there.
inline constexpr int exit_run_again = 75;

/// "dnagpt 0.1.0 (Release, g++ 12.2.0, -march=native)".
std::string program_version(std::string const& program);

/// Digest of this program's file: two builds differ in it.
std::string program_digest();

/// The cores that this process may run on: "0-3,8".
std::string allowed_cores();
/// Their number; 0 where it is unknown.
int allowed_core_count();

/// Memory of this host that programs can still take (bytes).
std::int64_t host_free_memory();
/// The most memory that this process has had in RAM so far (bytes).
std::int64_t peak_resident_bytes();

/// The instruction sets that this build uses and this CPU lacks, in one text; empty when it has
/// all.
std::string missing_instruction_sets();
/// Error naming them, instead of a crash at the first such instruction.
void require_instruction_sets(std::string const& program);

}  // namespace dnagpt
