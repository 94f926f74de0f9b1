#pragma once

#include <string>
#include <string_view>

#include "dnagpt/comm/communicator.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt::testing {

/// One empty folder for all ranks; it goes away when all are done with it.
class SharedFolder {
  public:
    explicit SharedFolder(Communicator const& comm)
        : comm_(comm), path_(comm.broadcast(own_.path())) {}
    ~SharedFolder() { comm_.barrier(); }
    SharedFolder(SharedFolder const&) = delete;
    SharedFolder& operator=(SharedFolder const&) = delete;

    std::string const& path() const { return path_; }
    std::string file(std::string_view name) const { return path_ + "/" + std::string(name); }

  private:
    Communicator comm_;
    TemporaryFolder own_;
    std::string path_;
};

}  // namespace dnagpt::testing
