#include "dnagpt/train/run_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "dnagpt/core/check.hpp"

namespace dnagpt {

RunFolder::RunFolder(std::string path, bool owner) : path_(std::move(path)) {
    if (!owner) {
        return;
    }
    std::error_code failure;
    std::filesystem::create_directories(checkpoints(), failure);
    DNAGPT_VALIDATE(!failure, << "cannot make the run folder '" << path_ << "' ("
                              << failure.message() << "); choose another run.folder");
    std::string const name = path_ + "/lock";
    lock_ = FileDescriptor(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644), name);
    DNAGPT_VALIDATE(lock_.is_open(), << "cannot write in the run folder '" << path_ << "' ("
                                     << std::strerror(errno) << "); choose another run.folder");
    bool const locked = ::flock(lock_.number(), LOCK_EX | LOCK_NB) == 0;
    DNAGPT_VALIDATE(
        locked || errno != EWOULDBLOCK,
        << "another run is writing '" << path_ << "'; wait for it or choose another run.folder");
}

}  // namespace dnagpt
