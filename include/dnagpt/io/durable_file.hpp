#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "dnagpt/core/check.hpp"

namespace dnagpt {

/// A file's bytes do not come (the disk, the network, permissions): nothing is known of what it
/// holds.
class ReadError : public Error {
  public:
    using Error::Error;
};

/// Owns a file descriptor and remembers the path for messages.
class FileDescriptor {
  public:
    FileDescriptor() = default;
    FileDescriptor(int number, std::string path);
    ~FileDescriptor();
    FileDescriptor(FileDescriptor&& other) noexcept;
    FileDescriptor& operator=(FileDescriptor&& other) noexcept;
    FileDescriptor(FileDescriptor const&) = delete;
    FileDescriptor& operator=(FileDescriptor const&) = delete;

    int number() const { return number_; }
    std::string const& path() const { return path_; }
    bool is_open() const { return number_ >= 0; }
    void close();

  private:
    int number_ = -1;
    std::string path_;
};

/// Opens an existing file; Error with the path when that fails.
FileDescriptor open_for_reading(std::string const& path);
/// Opens an existing file for reading and writing.
FileDescriptor open_for_update(std::string const& path);
/// Makes an empty file (an existing one is emptied) for reading and writing.
FileDescriptor create_for_writing(std::string const& path);
/// Makes a file in `folder` that has no name and is gone when it is closed.
FileDescriptor create_nameless(std::string const& folder);

/// Length in bytes.
std::int64_t file_length(FileDescriptor const& file);

/// Reads exactly `bytes` at `offset`; the end of the file before that is an Error.
void pread_all(FileDescriptor const& file, void* data, std::size_t bytes, std::int64_t offset);
/// Writes exactly `bytes` at `offset`; a full disk is an Error with path and bytes.
void pwrite_all(FileDescriptor const& file, void const* data, std::size_t bytes,
                std::int64_t offset);
/// Takes the disk space for the first `bytes` of the file now; a full disk is an Error that says
/// how much is needed. Where the file system cannot do it, the file only gets its length.
void preallocate(FileDescriptor const& file, std::int64_t bytes);

/// Contents and length are on the disk when the call returns.
void sync_file(FileDescriptor const& file);
/// The folder's entries (new names, renames) are on the disk when the call returns.
void sync_folder(std::string const& path);

/// Renames over a possible older `to` and syncs the folder.
void rename_durably(std::string const& from, std::string const& to);
/// Error where what stands at `path` is no file that may be replaced: a folder, a device, a pipe.
void require_replaceable(std::string const& path);
/// Where a file is written until it is whole.
std::string temporary_path(std::string const& path);

/// Owns the name of a file that is written beside its place: the file goes with the object unless
/// it is finished.
class UnfinishedFile {
  public:
    /// The file for `place` is written at temporary_path(place). Makes nothing.
    explicit UnfinishedFile(std::string const& place);
    /// Written elsewhere in the same file system.
    UnfinishedFile(std::string place, std::string path);
    ~UnfinishedFile();
    UnfinishedFile(UnfinishedFile const&) = delete;
    UnfinishedFile& operator=(UnfinishedFile const&) = delete;

    /// Where it is written.
    std::string const& path() const { return path_; }
    /// Renames it over a possible older file at its place and syncs the folder.
    void finish();

  private:
    std::string place_;
    std::string path_;
    bool finished_ = false;
};

/// A text that is written piece by piece; it stands at `path` when it is finished.
class TextWriter {
  public:
    explicit TextWriter(std::string const& path);

    /// Writes a megabyte at a time. A full disk is an Error with path and bytes.
    void append(std::string_view text);
    /// Syncs and renames over a possible older file.
    void finish();

  private:
    void write_waiting();

    UnfinishedFile unfinished_;
    FileDescriptor file_;
    std::string waiting_;
    std::int64_t bytes_ = 0;
};

/// The file holds either its old or the new text, whatever happens meanwhile.
void write_text_atomically(std::string const& path, std::string_view text);
/// The whole file as text.
std::string read_text(std::string const& path);
std::string read_text(FileDescriptor const& file);

}  // namespace dnagpt
