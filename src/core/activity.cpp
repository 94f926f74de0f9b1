#include "dnagpt/core/activity.hpp"

#include <atomic>

namespace dnagpt {
namespace {

/// One thread writes, others read. A reader may see the room of one scope and the operation of the
/// next: both are right within a moment.
struct Noted {
    std::atomic<char const*> room = Activity().room;
    std::atomic<char const*> operation = Activity().operation;
    std::atomic<std::int64_t> step = 0;
    std::atomic<std::uint64_t> changes = 0;
};

Noted noted;
thread_local bool watched = false;

}  // namespace

void watch_this_thread() {
    watched = true;
}

Activity current_activity() {
    return {noted.room, noted.operation, noted.step, noted.changes};
}

void note_activity_step(std::int64_t step) {
    noted.step.store(step, std::memory_order_relaxed);
}

ActivityName note_activity(ActivityName name) {
    if (!watched) {
        return name;
    }
    constexpr auto order = std::memory_order_relaxed;
    ActivityName const former = {noted.room.load(order), noted.operation.load(order)};
    noted.room.store(name.room, order);
    noted.operation.store(name.operation, order);
    noted.changes.store(noted.changes.load(order) + 1, order);
    return former;
}

}  // namespace dnagpt
