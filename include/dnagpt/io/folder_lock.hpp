#pragma once

#include <memory>
#include <string>

#include "dnagpt/io/durable_file.hpp"
#include "dnagpt/io/owner_file.hpp"

namespace dnagpt {

/// How a folder is locked.
struct LockRules {
    double patience = 60;   ///< seconds to wait for a holder that is ending
    double beat = 5;        ///< seconds between two heartbeats of an owner file
    double silence = 30;    ///< seconds without a heartbeat after which an owner is dead
    bool has_flock = true;  ///< false: as on a file system without flock
};

/// Keeps a second program out of a folder while this object lives: by flock on `<folder>/lock`, or,
/// where the file system has none, by the owner file `<folder>/lock.owner`.
class FolderLock {
  public:
    /// Waits for a holder that is ending. Error naming it when it does not end.
    explicit FolderLock(std::string const& folder, LockRules const& rules = {});

    /// Error when the folder was removed or replaced, or another process took it over, since.
    void require_held() const;

  private:
    bool take_flock();
    void wait_for_flock(LockRules const& rules);
    void wait_for_owner_file(LockRules const& rules);

    std::string folder_;
    FileDescriptor file_;
    std::unique_ptr<OwnerFile> owner_file_;
    bool has_flock_;
};

}  // namespace dnagpt
