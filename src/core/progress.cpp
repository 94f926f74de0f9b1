#include "dnagpt/core/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <utility>

#include "dnagpt/core/log.hpp"

namespace dnagpt {

Progress::Progress(std::string title, std::string unit, std::uint64_t total)
    : title_(std::move(title)),
      unit_(std::move(unit)),
      total_(total),
      start_(Clock::now()),
      drawn_(start_),
      terminal_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
    finish();
}

void Progress::reach(std::uint64_t done) {
    done_ = done;
    auto const now = Clock::now();
    auto const wait = !shown_     ? std::chrono::milliseconds(2000)
                      : terminal_ ? std::chrono::milliseconds(200)
                                  : std::chrono::milliseconds(10000);
    if (now - drawn_ >= wait) {
        drawn_ = now;
        draw(false);
    }
}

void Progress::finish() {
    if (std::exchange(finished_, true)) {
        return;
    }
    if (shown_ || seconds() >= 2) {
        draw(true);
    }
}

double Progress::seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
}

void Progress::draw(bool last) {
    shown_ = true;
    double const elapsed = seconds();
    double const rate = elapsed > 0 ? static_cast<double>(done_) / elapsed : 0;
    std::string text = fmt::format("{}: {} {}", title_, format_count(done_), unit_);
    if (total_ > 0) {
        double const share = static_cast<double>(done_) / static_cast<double>(total_);
        text += fmt::format(" of {} ({:.0f} %)", format_count(total_), 100 * share);
    }
    text += fmt::format(", {}/s", format_count(static_cast<std::uint64_t>(rate)));
    if (last) {
        text += fmt::format(", {}", format_seconds(elapsed));
    } else if (total_ > done_ && rate > 0) {
        text +=
            fmt::format(", {} left", format_seconds(static_cast<double>(total_ - done_) / rate));
    }
    if (!terminal_) {
        log_info(text);
    } else if (logs_info()) {
        fmt::print(stderr, "\r\033[K{}{}", text, last ? "\n" : "");
        std::fflush(stderr);
    }
}

std::string format_count(std::uint64_t count) {
    std::string digits = fmt::format("{}", count);
    for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
        digits.insert(static_cast<std::size_t>(at), 1, ',');
    }
    return digits;
}

std::string format_bytes(std::uint64_t bytes) {
    constexpr char const* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    auto value = static_cast<double>(bytes);
    int unit = 0;
    while (value >= 1024 && unit < 4) {
        value /= 1024;
        ++unit;
    }
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

std::string format_seconds(double seconds) {
    auto const whole = static_cast<std::uint64_t>(std::llround(seconds));
    if (whole >= 3600) {
        return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
    }
    if (whole >= 60) {
        return fmt::format("{} min {:02} s", whole / 60, whole % 60);
    }
    return fmt::format("{:.1f} s", seconds);
}

}  // namespace dnagpt
