#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace dnagpt {

/// Tells people how far long work has come: a bar that is redrawn on a terminal, otherwise a line
/// after two seconds and then every ten. Silent for work under two seconds, and on every rank but
/// 0.
class Progress {
  public:
    /// `title` names the work, `unit` what is counted ("bp", "steps"); total = 0: unknown.
    Progress(std::string title, std::string unit, std::uint64_t total);
    ~Progress();
    Progress(Progress const&) = delete;
    Progress& operator=(Progress const&) = delete;

    void advance(std::uint64_t amount) { reach(done_ + amount); }
    /// So much is done in all.
    void reach(std::uint64_t done);
    /// Draws the closing line; the destructor does it if nobody has.
    void finish();
    /// Since the start.
    double seconds() const;

  private:
    void draw(bool last);

    using Clock = std::chrono::steady_clock;
    std::string title_;
    std::string unit_;
    std::uint64_t total_;
    std::uint64_t done_ = 0;
    Clock::time_point start_;
    Clock::time_point drawn_;
    bool terminal_;
    bool shown_ = false;
    bool finished_ = false;
};

/// 12,345,678 with separators.
std::string format_count(std::uint64_t count);
/// 1.5 GiB and the like.
std::string format_bytes(std::uint64_t bytes);
/// 1 h 02 min, 3 min 05 s, 4.2 s.
std::string format_seconds(double seconds);

}  // namespace dnagpt
