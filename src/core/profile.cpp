#include "dnagpt/core/profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

namespace dnagpt {
namespace {

using Clock = std::chrono::steady_clock;
using Name = std::pair<std::string_view, std::string_view>;

struct Entry {
    std::int64_t calls = 0;
    Clock::duration time{};
    double flops = 0;
};

/// Time goes to the innermost open scope; `since` is when it was charged last.
struct Profile {
    void (*fence)() = nullptr;
    std::map<Name, Entry> entries;
    std::vector<Entry*> open;
    Clock::time_point since;

    void charge() {
        if (fence != nullptr) {
            fence();
        }
        auto const now = Clock::now();
        open.back()->time += now - since;
        since = now;
    }
};

/// Of this thread: loaders and savers do not take part.
thread_local std::unique_ptr<Profile> active;

}  // namespace

void start_profile(void (*fence)()) {
    active = std::make_unique<Profile>();
    active->fence = fence;
    active->open.push_back(&active->entries[{"train", "everything else"}]);
    active->since = Clock::now();
}

void stop_profile() {
    active.reset();
}

bool profiling() {
    return active != nullptr;
}

std::vector<ProfileLine> profile_lines() {
    std::vector<ProfileLine> lines;
    if (!active) {
        return lines;
    }
    active->charge();
    std::map<std::string_view, double> rooms;
    for (auto const& [name, entry] : active->entries) {
        double const seconds = std::chrono::duration<double>(entry.time).count();
        lines.push_back(
            {std::string(name.first), std::string(name.second), entry.calls, seconds, entry.flops});
        rooms[name.first] += seconds;
    }
    std::ranges::sort(lines, [&](ProfileLine const& a, ProfileLine const& b) {
        return std::tuple(-rooms[a.room], a.room, -a.seconds) <
               std::tuple(-rooms[b.room], b.room, -b.seconds);
    });
    return lines;
}

std::string format_profile(std::vector<ProfileLine> const& lines, std::int64_t steps) {
    double total = 0;
    std::map<std::string, double> rooms;
    for (ProfileLine const& line : lines) {
        total += line.seconds;
        rooms[line.room] += line.seconds;
    }
    auto const per_step = [&](double amount) { return amount / static_cast<double>(steps); };
    std::string text = fmt::format("{:<12}{:<36}{:>12}{:>12}{:>9}{:>10}\n", "room", "operation",
                                   "calls/step", "ms/step", "share", "GFLOP/s");
    auto const share = [&](double seconds) { return total > 0 ? 100 * seconds / total : 0; };
    std::string room;
    for (ProfileLine const& line : lines) {
        if (line.room != room) {
            room = line.room;
            text += fmt::format("{:<48}{:>12}{:>12.2f}{:>7.1f} %\n", room, "",
                                1e3 * per_step(rooms[room]), share(rooms[room]));
        }
        text += fmt::format("{:<12}{:<36}{:>12.1f}{:>12.2f}{:>7.1f} %", "", line.operation,
                            per_step(static_cast<double>(line.calls)), 1e3 * per_step(line.seconds),
                            share(line.seconds));
        text += line.flops > 0 && line.seconds > 0
                    ? fmt::format("{:>10.1f}\n", line.flops / line.seconds / 1e9)
                    : "\n";
    }
    return text + fmt::format("{:<48}{:>12}{:>12.2f}{:>7.1f} %\n", "together", "",
                              1e3 * per_step(total), share(total));
}

ProfileScope::ProfileScope(char const* room, char const* operation, double flops)
    : former_(note_activity({room, operation})), counts_(active != nullptr) {
    if (counts_) {
        active->charge();
        Entry& entry = active->entries[{room, operation}];
        ++entry.calls;
        entry.flops += flops;
        active->open.push_back(&entry);
    }
}

ProfileScope::~ProfileScope() {
    note_activity(former_);
    if (counts_ && active != nullptr && active->open.size() > 1) {
        active->charge();
        active->open.pop_back();
    }
}

}  // namespace dnagpt
