#include "dnagpt/io/durable_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/progress.hpp"

namespace dnagpt {
namespace {

std::string reason(int error) {
    return std::generic_category().message(error);
}

constexpr std::size_t written_at_once = std::size_t{1} << 20;

bool is_full(int error) {
    return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

std::string advice(int error) {
    return is_full(error) ? "; free some space or choose another folder"
                          : "; check that the folder exists and may be written";
}

FileDescriptor open_with(std::string const& path, int flags) {
    int const number = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
    int const error = errno;
    bool const writing = (flags & O_ACCMODE) != O_RDONLY;
    if (number >= 0) {
        return FileDescriptor(number, path);
    }
    std::string const problem =
        fmt::format("cannot open {} for {} ({}); check the path and its permissions", path,
                    writing ? "writing" : "reading", reason(error));
    if (writing) {
        throw Error(problem);
    }
    throw ReadError(problem);
}

std::string folder_of(std::string const& path) {
    auto const parent = std::filesystem::path(path).parent_path();
    return parent.empty() ? "." : parent.string();
}

}  // namespace

FileDescriptor::FileDescriptor(int number, std::string path)
    : number_(number), path_(std::move(path)) {}

FileDescriptor::~FileDescriptor() {
    close();
}

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : number_(std::exchange(other.number_, -1)), path_(std::move(other.path_)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
        close();
        number_ = std::exchange(other.number_, -1);
        path_ = std::move(other.path_);
    }
    return *this;
}

void FileDescriptor::close() {
    if (number_ >= 0) {
        ::close(std::exchange(number_, -1));
    }
}

FileDescriptor open_for_reading(std::string const& path) {
    return open_with(path, O_RDONLY);
}

FileDescriptor open_for_update(std::string const& path) {
    return open_with(path, O_RDWR);
}

FileDescriptor create_for_writing(std::string const& path) {
    return open_with(path, O_RDWR | O_CREAT | O_TRUNC);
}

FileDescriptor create_nameless(std::string const& folder) {
    std::string path = folder + "/nameless_XXXXXX";
    int const number = ::mkostemp(path.data(), O_CLOEXEC);
    int const error = errno;
    DNAGPT_VALIDATE(number >= 0, << "cannot make a temporary file in " << folder << " ("
                                 << reason(error) << ")" << advice(error));
    ::unlink(path.c_str());
    return FileDescriptor(number, "a temporary file in " + folder);
}

std::int64_t file_length(FileDescriptor const& file) {
    struct stat status {};
    bool const known = ::fstat(file.number(), &status) == 0;
    DNAGPT_VALIDATE(known, << "cannot tell the length of " << file.path() << " (" << reason(errno)
                           << "); check the file system");
    return status.st_size;
}

void pread_all(FileDescriptor const& file, void* data, std::size_t bytes, std::int64_t offset) {
    auto* target = static_cast<char*>(data);
    while (bytes > 0) {
        ssize_t const count = ::pread(file.number(), target, bytes, offset);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            throw ReadError(fmt::format("cannot read {} at byte {} ({}); check the file system",
                                        file.path(), offset, reason(errno)));
        }
        DNAGPT_VALIDATE(count > 0, << file.path() << " ends at byte " << offset << " (" << bytes
                                   << " bytes more were expected); it was cut short or "
                                   << "changed while in use, make or copy it again");
        target += count;
        bytes -= static_cast<std::size_t>(count);
        offset += count;
    }
}

void pwrite_all(FileDescriptor const& file, void const* data, std::size_t bytes,
                std::int64_t offset) {
    auto const* source = static_cast<char const*>(data);
    while (bytes > 0) {
        ssize_t const count = ::pwrite(file.number(), source, bytes, offset);
        int const error = count < 0 ? errno : 0;
        if (error == EINTR) {
            continue;
        }
        DNAGPT_VALIDATE(count >= 0, << "cannot write " << bytes << " bytes to " << file.path()
                                    << " at byte " << offset << " (" << reason(error) << ")"
                                    << advice(error));
        source += count;
        bytes -= static_cast<std::size_t>(count);
        offset += count;
    }
}

void preallocate(FileDescriptor const& file, std::int64_t bytes) {
    int error = EINTR;
    while (error == EINTR) {
        error = bytes > 0 ? ::posix_fallocate(file.number(), 0, bytes) : 0;
    }
    bool const unsupported = error == EOPNOTSUPP || error == EINVAL || error == ENOSYS;
    if (unsupported && file_length(file) < bytes) {
        error = ::ftruncate(file.number(), bytes) == 0 ? 0 : errno;
    } else if (unsupported) {
        error = 0;
    }
    DNAGPT_VALIDATE(error == 0, << "cannot take " << bytes << " bytes ("
                                << format_bytes(static_cast<std::uint64_t>(bytes)) << ") for "
                                << file.path() << " (" << reason(error) << ")" << advice(error));
}

void sync_file(FileDescriptor const& file) {
    int const error = ::fsync(file.number()) == 0 ? 0 : errno;
    DNAGPT_VALIDATE(error == 0, << "cannot bring " << file.path() << " to the disk ("
                                << reason(error) << ")" << advice(error));
}

void sync_folder(std::string const& path) {
    FileDescriptor const folder = open_with(path, O_RDONLY | O_DIRECTORY);
    // Some network file systems refuse to sync a folder and need not.
    int const error = ::fsync(folder.number()) == 0 ? 0 : errno;
    DNAGPT_VALIDATE(error == 0 || error == EINVAL || error == EROFS,
                    << "cannot bring the folder " << path << " to the disk (" << reason(error)
                    << ")" << advice(error));
}

void rename_durably(std::string const& from, std::string const& to) {
    int const error = std::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
    DNAGPT_VALIDATE(error == 0, << "cannot rename " << from << " to " << to << " (" << reason(error)
                                << ")" << advice(error));
    sync_folder(folder_of(to));
}

void require_replaceable(std::string const& path) {
    DNAGPT_VALIDATE(!path.empty(), << "the name of a file to write is empty; give one");
    std::error_code unknown;
    auto const status = std::filesystem::status(path, unknown);
    DNAGPT_VALIDATE(
        !std::filesystem::exists(status) || std::filesystem::is_regular_file(status),
        << path << " is no file (but a folder, a device or a pipe), so it cannot be replaced by "
        << "one; name a file");
}

std::string temporary_path(std::string const& path) {
    return path + ".tmp";
}

UnfinishedFile::UnfinishedFile(std::string const& place)
    : UnfinishedFile(place, temporary_path(place)) {}

UnfinishedFile::UnfinishedFile(std::string place, std::string path)
    : place_(std::move(place)), path_(std::move(path)) {
    require_replaceable(place_);
}

UnfinishedFile::~UnfinishedFile() {
    if (!finished_) {
        ::unlink(path_.c_str());
    }
}

void UnfinishedFile::finish() {
    rename_durably(path_, place_);
    finished_ = true;
}

TextWriter::TextWriter(std::string const& path)
    : unfinished_(path), file_(create_for_writing(unfinished_.path())) {}

void TextWriter::append(std::string_view text) {
    waiting_ += text;
    if (waiting_.size() >= written_at_once) {
        write_waiting();
    }
}

void TextWriter::write_waiting() {
    pwrite_all(file_, waiting_.data(), waiting_.size(), bytes_);
    bytes_ += std::ssize(waiting_);
    waiting_.clear();
}

void TextWriter::finish() {
    write_waiting();
    sync_file(file_);
    file_.close();
    unfinished_.finish();
}

void write_text_atomically(std::string const& path, std::string_view text) {
    TextWriter writer(path);
    writer.append(text);
    writer.finish();
}

std::string read_text(std::string const& path) {
    return read_text(open_for_reading(path));
}

std::string read_text(FileDescriptor const& file) {
    std::string text(static_cast<std::size_t>(file_length(file)), '\0');
    pread_all(file, text.data(), text.size(), 0);
    return text;
}

}  // namespace dnagpt
