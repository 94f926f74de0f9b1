#pragma once

#include <filesystem>
#include <string>

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/config/run_config.hpp"

namespace dnagpt::testing {

/// A folder that all ranks share; removed with everything in it at the end of the test.
class SharedFolder {
  public:
    explicit SharedFolder(Communicator const& world);
    ~SharedFolder();
    SharedFolder(SharedFolder const&) = delete;
    SharedFolder& operator=(SharedFolder const&) = delete;

    std::string path(std::string const& name) const { return (root_ / name).string(); }

  private:
    Communicator const& world_;
    std::filesystem::path root_;
};

/// Writes training and validation shards of two species with repeating text. For one rank.
void write_tiny_shards(std::string const& folder);

/// A model of a few thousand parameters, 20 steps of 8 rows, a checkpoint every 10.
RunConfig tiny_config(SharedFolder const& folder);

}  // namespace dnagpt::testing
