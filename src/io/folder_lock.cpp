#include "dnagpt/io/folder_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <thread>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"

namespace dnagpt {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

/// Counts the seconds of a wait, and says once that there is one.
class Wait {
  public:
    explicit Wait(double patience) : patience_(patience) {}
    bool is_over() const { return Seconds(Clock::now() - begin_).count() >= patience_; }
    void turn(std::string const& folder, std::string const& holder) {
        if (!said_) {
            log_info(fmt::format("{} is held by {}; waiting up to {:.0f} s for it to end", folder,
                                 holder, patience_));
            said_ = true;
        }
        std::this_thread::sleep_for(Seconds(std::min(0.5, patience_ / 20)));
    }

  private:
    double patience_;
    Clock::time_point begin_ = Clock::now();
    bool said_ = false;
};

/// Whether an owner's heartbeat has stood still for too long, by this process's clock alone.
class Listener {
  public:
    explicit Listener(LockRules const& rules) : rules_(rules) {}
    bool finds_dead(LockOwner const& owner) {
        if (owner != heard_) {
            heard_ = owner;
            since_ = Clock::now();
        }
        // Two machines may have one name, and a process may be hidden from this one: also who seems
        // to be gone is listened to for two beats.
        double const silence =
            is_gone(owner) ? std::min(2 * rules_.beat, rules_.silence) : rules_.silence;
        return Seconds(Clock::now() - since_).count() >= silence;
    }

  private:
    LockRules rules_;
    LockOwner heard_;
    Clock::time_point since_ = Clock::now();
};

[[noreturn]] void refuse(std::string const& folder, std::string const& holder,
                         LockRules const& rules) {
    throw Error(
        fmt::format("another run is writing '{}' ({}; waited {:.0f} s); wait for it or "
                    "choose another run.folder",
                    folder, holder, rules.patience));
}

std::string owner_path(std::string const& folder) {
    return folder + "/lock.owner";
}

}  // namespace

FolderLock::FolderLock(std::string const& folder, LockRules const& rules)
    : folder_(folder), has_flock_(rules.has_flock) {
    std::string const name = folder + "/lock";
    file_ = FileDescriptor(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644), name);
    DNAGPT_VALIDATE(file_.is_open(), << "cannot write in the run folder '" << folder << "' ("
                                     << std::generic_category().message(errno)
                                     << "); choose another run.folder");
    wait_for_flock(rules);
    if (!has_flock_) {
        log_info(folder + " is on a file system without flock: locked by lock.owner");
        wait_for_owner_file(rules);
    }
}

bool FolderLock::take_flock() {
    if (!has_flock_ || ::flock(file_.number(), LOCK_EX | LOCK_NB) == 0) {
        return true;
    }
    if (errno == EWOULDBLOCK || errno == EINTR) {
        return false;
    }
    has_flock_ = false;  // ENOLCK, ENOSYS, EOPNOTSUPP, EINVAL: it cannot be had here
    return true;
}

void FolderLock::wait_for_flock(LockRules const& rules) {
    Wait wait(rules.patience);
    while (!take_flock()) {
        if (wait.is_over()) {
            refuse(folder_, "it holds the lock", rules);
        }
        wait.turn(folder_, "another run");
    }
}

void FolderLock::wait_for_owner_file(LockRules const& rules) {
    std::string const path = owner_path(folder_);
    Wait wait(rules.patience);
    Listener listener(rules);
    while (true) {
        owner_file_ = std::make_unique<OwnerFile>(path, rules.beat);
        if (owner_file_->is_held()) {
            return;
        }
        owner_file_.reset();
        auto const owner = read_owner_file(path);
        if (owner && listener.finds_dead(*owner)) {
            log_shared_warning(fmt::format("{} was locked by {}, which is gone: taking it over",
                                           folder_, describe(*owner)));
            remove_dead_owner_file(path, *owner);
            continue;
        }
        std::string const holder = describe(owner.value_or(LockOwner()));
        if (wait.is_over()) {
            refuse(folder_, holder, rules);
        }
        wait.turn(folder_, holder);
    }
}

void FolderLock::require_held() const {
    struct stat held {};
    struct stat now {};
    bool const same = ::fstat(file_.number(), &held) == 0 &&
                      ::stat(file_.path().c_str(), &now) == 0 && held.st_ino == now.st_ino &&
                      held.st_dev == now.st_dev;
    DNAGPT_VALIDATE(same, << "the run folder '" << folder_
                          << "' was removed or replaced while this run was writing it; what it "
                          << "trained since its last checkpoint is lost; start it again");
    DNAGPT_VALIDATE(!owner_file_ || owner_file_->is_held(),
                    << "another run took '" << folder_
                    << "' over while this one was silent (suspended, or cut off from the disk); "
                    << "this run ends");
}

}  // namespace dnagpt
