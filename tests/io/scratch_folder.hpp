#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "harness/message_of.hpp"

namespace dnagpt::testing {

/// An empty folder that goes away with the test.
class ScratchFolder {
  public:
    ScratchFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "dnagpt-test-XXXXXX").string();
        path_ = ::mkdtemp(name.data()) == nullptr ? "." : name;
    }
    ~ScratchFolder() {
        std::error_code ignored;
        if (path_ != ".") {
            std::filesystem::remove_all(path_, ignored);
        }
    }
    ScratchFolder(ScratchFolder const&) = delete;
    ScratchFolder& operator=(ScratchFolder const&) = delete;

    std::string file(std::string const& name) const { return path_ + "/" + name; }
    std::string const& path() const { return path_; }

  private:
    std::string path_;
};

}  // namespace dnagpt::testing
