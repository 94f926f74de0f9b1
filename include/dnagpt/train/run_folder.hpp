#pragma once

#include <string>

#include "dnagpt/config/run_config.hpp"
#include "dnagpt/io/durable_file.hpp"

namespace dnagpt {

/// The files of a run, and the lock that keeps a second run out.
class RunFolder {
  public:
    /// Makes the folder where `owner` is true (rank 0) and locks it; Error when another run holds
    /// it.
    RunFolder(std::string path, bool owner);

    std::string const& path() const { return path_; }
    std::string config() const { return path_ + "/config.toml"; }
    std::string metrics() const { return path_ + "/metrics.jsonl"; }
    std::string checkpoints() const { return path_ + "/checkpoints"; }

  private:
    std::string path_;
    FileDescriptor lock_;
};

}  // namespace dnagpt
