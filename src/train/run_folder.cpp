#include "dnagpt/train/run_folder.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include "dnagpt/core/check.hpp"

namespace dnagpt {

RunFolder::RunFolder(std::string path, bool owner, LockRules const& rules)
    : path_(std::move(path)) {
    if (!owner) {
        return;
    }
    std::error_code failure;
    std::filesystem::create_directories(checkpoints(), failure);
    DNAGPT_VALIDATE(!failure, << "cannot make the run folder '" << path_ << "' ("
                              << failure.message() << "); choose another run.folder");
    lock_.emplace(path_, rules);
}

void RunFolder::require_held() const {
    if (lock_) {
        lock_->require_held();
    }
}

}  // namespace dnagpt
