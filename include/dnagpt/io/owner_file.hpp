#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "dnagpt/io/durable_file.hpp"

namespace dnagpt {

/// Who holds an owner file.
struct LockOwner {
    std::string host;
    std::string boot_id;        ///< of that host's kernel: another one after each start
    std::int64_t pid = 0;       ///< 0: the file says nothing readable
    std::string process_start;  ///< ticks after boot: a number that was given again is another
    std::string job;            ///< of the batch system; empty: none
    std::int64_t heartbeat = 0;

    bool operator==(LockOwner const&) const = default;
};

/// This process, with heartbeat 0.
LockOwner own_lock_owner();
/// "process 4711 on node7 (job 123)".
std::string describe(LockOwner const& owner);
/// What the file says; nothing when it is not there. ReadError when it cannot be read.
std::optional<LockOwner> read_owner_file(std::string const& path);
/// Whether that process is known to be gone: it was on this host, which has been started again or
/// has no such process any more. Of another host nothing is known but its heartbeat.
bool is_gone(LockOwner const& owner);

/// A lock for file systems without flock: a file that only one process can make, which names its
/// owner and whose heartbeat counts on while that process lives. Whoever stops beating has lost it.
class OwnerFile {
  public:
    /// Makes the file, or does nothing when it is there; `beat` in seconds. Error when it cannot be
    /// written.
    OwnerFile(std::string path, double beat);
    /// Takes the file away, if it is still this process's.
    ~OwnerFile();
    OwnerFile(OwnerFile const&) = delete;
    OwnerFile& operator=(OwnerFile const&) = delete;

    /// Whether this object made the file and it still names this process.
    bool is_held() const;

  private:
    void keep_beating(double beat);

    std::string path_;
    FileDescriptor file_;
    LockOwner owner_;
    bool made_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool over_ = false;
    std::thread thread_;
};

/// Takes the file of a dead owner away, unless another process has done so before.
void remove_dead_owner_file(std::string const& path, LockOwner const& dead);

}  // namespace dnagpt
