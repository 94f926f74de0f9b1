#pragma once

#include <optional>
#include <string>

#include "dnagpt/config/run_config.hpp"
#include "dnagpt/io/folder_lock.hpp"

namespace dnagpt {

/// The files of a run, and the lock that keeps a second run out.
class RunFolder {
  public:
    /// Makes the folder where `owner` is true (rank 0) and locks it; Error when another run holds
    /// it for longer than a run needs to end.
    RunFolder(std::string path, bool owner, LockRules const& rules = {});

    /// Error on the owner when the folder is not this run's any more.
    void require_held() const;

    std::string const& path() const { return path_; }
    std::string config() const { return path_ + "/config.toml"; }
    std::string metrics() const { return path_ + "/metrics.jsonl"; }
    std::string checkpoints() const { return path_ + "/checkpoints"; }

  private:
    std::string path_;
    std::optional<FolderLock> lock_;
};

}  // namespace dnagpt
