#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

namespace dnagpt {

/// Ends this process when the thread that made it gets nowhere: a rank that waits for one which is
/// stopped or lost would wait for ever. Prints one line (room, operation, step, seconds) and exits
/// with exit_failure; the launcher then ends the other ranks.
class Watchdog {
  public:
    /// `seconds` in which the thread enters or leaves no ProfileScope are a stall; 0: none. Time in
    /// which the whole process was suspended does not count, nor what comes before the first step:
    /// one rank may verify or copy the training data for hours while the others wait.
    explicit Watchdog(double seconds);
    ~Watchdog();
    Watchdog(Watchdog const&) = delete;
    Watchdog& operator=(Watchdog const&) = delete;

  private:
    void watch(double seconds);

    std::mutex mutex_;
    std::condition_variable changed_;
    bool over_ = false;
    std::thread thread_;
};

}  // namespace dnagpt
