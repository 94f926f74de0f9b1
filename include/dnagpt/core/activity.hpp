#pragma once

#include <cstdint>

namespace dnagpt {

/// What the watched thread does, as the innermost ProfileScope says it.
struct Activity {
    char const* room = "start";
    char const* operation = "preparing";
    std::int64_t step = 0;
    std::uint64_t changes = 0;  ///< how often a scope was entered or left
};

/// From now on the calling thread is the one whose scopes count.
void watch_this_thread();
/// May be asked from any thread.
Activity current_activity();
/// The training step that the run is at.
void note_activity_step(std::int64_t step);

/// Of ProfileScope: notes a change and returns what was noted before.
struct ActivityName {
    char const* room;
    char const* operation;
};
ActivityName note_activity(ActivityName name);

}  // namespace dnagpt
