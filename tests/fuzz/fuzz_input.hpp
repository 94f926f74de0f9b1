#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dnagpt/core/check.hpp"

namespace dnagpt::fuzz {

inline void require(bool holds, std::string_view what) {
    if (!holds) {
        std::cerr << "broken promise: " << what << '\n';
        std::abort();
    }
}

/// What a reader may do with any input: read it, or throw Error. Another exception leaves the
/// target and is reported; so is the Error of a broken DNAGPT_EXPECT, which no input may reach.
/// Returns whether the input was read.
template <class Read>
bool read_or_error(Read&& read) {
    try {
        std::forward<Read>(read)();
        return true;
    } catch (Error const& error) {
        std::string_view const text = error.what();
        require(!(text.starts_with("internal error: ") && text.ends_with("; please report this")),
                text);
        return false;
    }
}

/// A file in memory, with a path for readers that open by path.
class MemoryFile {
  public:
    explicit MemoryFile(std::string_view bytes) : number_(::memfd_create("fuzz", MFD_CLOEXEC)) {
        bool const written = number_ >= 0 && ::write(number_, bytes.data(), bytes.size()) ==
                                                 static_cast<ssize_t>(bytes.size());
        require(written, "a file in memory can be made");
        path_ = "/proc/self/fd/" + std::to_string(number_);
    }
    ~MemoryFile() { ::close(number_); }
    MemoryFile(MemoryFile const&) = delete;
    MemoryFile& operator=(MemoryFile const&) = delete;

    std::string const& path() const { return path_; }

  private:
    int number_;
    std::string path_;
};

/// The input as text.
inline std::string_view text_of(std::uint8_t const* data, std::size_t size) {
    return {reinterpret_cast<char const*>(data), size};
}

/// The parts of an input between NUL bytes; at least one.
inline std::vector<std::string> parts_of(std::string_view text) {
    std::vector<std::string> parts;
    for (std::size_t end = text.find('\0'); end != text.npos; end = text.find('\0')) {
        parts.emplace_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    parts.emplace_back(text);
    return parts;
}

}  // namespace dnagpt::fuzz
