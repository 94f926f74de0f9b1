#include "dnagpt/io/owner_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/log.hpp"
#include "dnagpt/io/durable_file.hpp"

namespace dnagpt {
namespace {

/// Room for every heartbeat, so that a beat is one write of the same length.
constexpr std::size_t file_bytes = 512;

std::string read_first_line(std::string const& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

std::string host_of_this_process() {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
}

/// Field 22 of /proc/PID/stat (proc(5)); the second field may hold blanks and ends with ')'.
std::string start_of_process(std::int64_t pid) {
    std::string const line = read_first_line(fmt::format("/proc/{}/stat", pid));
    std::istringstream fields(line.substr(std::min(line.size(), line.rfind(')') + 1)));
    std::string field;
    for (int number = 3; number <= 22; ++number) {
        fields >> field;
    }
    return fields ? field : "";
}

std::string to_text(LockOwner const& owner) {
    nlohmann::ordered_json const json = {
        {"host", owner.host}, {"boot_id", owner.boot_id},
        {"pid", owner.pid},   {"process_start", owner.process_start},
        {"job", owner.job},   {"heartbeat", owner.heartbeat}};
    std::string text = json.dump();
    text.resize(std::max(text.size(), file_bytes - 1), ' ');
    return text + '\n';
}

LockOwner from_text(std::string const& text) {
    auto const json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_object()) {
        return {};
    }
    try {
        return {json.at("host").get<std::string>(), json.at("boot_id").get<std::string>(),
                json.at("pid").get<std::int64_t>(), json.at("process_start").get<std::string>(),
                json.at("job").get<std::string>(),  json.at("heartbeat").get<std::int64_t>()};
    } catch (nlohmann::json::exception const&) {
        return {};  // written by half
    }
}

bool same_process(LockOwner a, LockOwner const& b) {
    a.heartbeat = b.heartbeat;
    return a == b;
}

}  // namespace

LockOwner own_lock_owner() {
    LockOwner owner;
    owner.host = host_of_this_process();
    owner.boot_id = read_first_line("/proc/sys/kernel/random/boot_id");
    owner.pid = ::getpid();
    owner.process_start = start_of_process(owner.pid);
    if (char const* job = std::getenv("SLURM_JOB_ID"); job != nullptr) {
        owner.job = job;
    }
    return owner;
}

std::string describe(LockOwner const& owner) {
    if (owner.pid == 0) {
        return "an unknown process";
    }
    std::string const job = owner.job.empty() ? "" : " (job " + owner.job + ")";
    return fmt::format("process {} on {}{}", owner.pid, owner.host, job);
}

std::optional<LockOwner> read_owner_file(std::string const& path) {
    int const number = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (number < 0 && (errno == ENOENT || errno == ESTALE)) {
        return std::nullopt;
    }
    if (number < 0) {
        throw ReadError(fmt::format("cannot open {} ({}); check the file system", path,
                                    std::generic_category().message(errno)));
    }
    return from_text(read_text(FileDescriptor(number, path)));
}

bool is_gone(LockOwner const& owner) {
    LockOwner const self = own_lock_owner();
    if (owner.pid == 0 || owner.host != self.host) {
        return false;
    }
    return owner.boot_id != self.boot_id || start_of_process(owner.pid) != owner.process_start;
}

OwnerFile::OwnerFile(std::string path, double beat)
    : path_(std::move(path)), owner_(own_lock_owner()) {
    int const number = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (number < 0 && errno == EEXIST) {
        return;
    }
    DNAGPT_VALIDATE(number >= 0, << "cannot make " << path_ << " ("
                                 << std::generic_category().message(errno)
                                 << "); check that the folder may be written");
    file_ = FileDescriptor(number, path_);
    std::string const text = to_text(owner_);
    pwrite_all(file_, text.data(), text.size(), 0);
    sync_file(file_);
    made_ = true;
    thread_ = std::thread([this, beat] { keep_beating(beat); });
}

OwnerFile::~OwnerFile() {
    {
        std::lock_guard const lock(mutex_);
        over_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
    try {
        if (is_held()) {
            std::filesystem::remove(path_);
        }
    } catch (std::exception const& failure) {
        log_warning(std::string(failure.what()) + "; the next run takes " + path_ + " for dead");
    }
}

bool OwnerFile::is_held() const {
    auto const owner = made_ ? read_owner_file(path_) : std::nullopt;
    return owner && same_process(*owner, owner_);
}

void OwnerFile::keep_beating(double beat) {
    std::unique_lock lock(mutex_);
    LockOwner owner = owner_;
    while (
        !changed_.wait_for(lock, std::chrono::duration<double>(beat), [this] { return over_; })) {
        ++owner.heartbeat;
        try {
            if (!is_held()) {
                return;
            }
            // Never by the path: the file there may be another's by now.
            std::string const text = to_text(owner);
            pwrite_all(file_, text.data(), text.size(), 0);
        } catch (Error const&) {
            continue;  // a full disk, say: others see no beat, which is_held() then tells
        }
    }
}

void remove_dead_owner_file(std::string const& path, LockOwner const& dead) {
    std::string const aside = fmt::format("{}.{}_{}", path, host_of_this_process(), ::getpid());
    std::error_code failure;
    std::filesystem::rename(path, aside, failure);
    if (failure) {
        return;
    }
    auto const moved = read_owner_file(aside);
    if (moved && !same_process(*moved, dead)) {
        // Another's: back to its place.
        ::renameat2(AT_FDCWD, aside.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE);
        return;
    }
    std::filesystem::remove(aside, failure);
}

}  // namespace dnagpt
