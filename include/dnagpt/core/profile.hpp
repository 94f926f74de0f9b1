#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dnagpt/core/activity.hpp"

namespace dnagpt {

/// What a scope took so far, without the scopes inside it.
struct ProfileLine {
    std::string room;
    std::string operation;
    std::int64_t calls = 0;
    double seconds = 0;
    double flops = 0;  ///< 0: not counted
};

/// Counts the wall time of this thread from now on, anew. `fence`, if given, is called at both ends
/// of every scope, so that work queued on a device is charged to the operation that queued it.
void start_profile(void (*fence)() = nullptr);
void stop_profile();
bool profiling();
/// Room by room, longest operation first; the time outside of all scopes is the operation
/// "everything else" of room "train". The seconds add up to the wall time since start_profile.
std::vector<ProfileLine> profile_lines();
/// A table of the lines, by step: calls, milliseconds, share and GFLOP/s.
std::string format_profile(std::vector<ProfileLine> const& lines, std::int64_t steps);

/// Charges its lifetime to an operation of a room while this thread profiles, and says to the
/// watchdog what this thread does. The texts must live as long as the process.
class ProfileScope {
  public:
    ProfileScope(char const* room, char const* operation, double flops = 0);
    ~ProfileScope();
    ProfileScope(ProfileScope const&) = delete;
    ProfileScope& operator=(ProfileScope const&) = delete;

  private:
    ActivityName former_;
    bool counts_;
};

}  // namespace dnagpt
