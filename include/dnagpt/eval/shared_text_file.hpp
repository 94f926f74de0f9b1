#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dnagpt/comm/communicator.hpp"
#include "dnagpt/io/durable_file.hpp"

namespace dnagpt {

/// A text file of all ranks, which rank 0 writes. It stands under its name when it is finished.
class SharedTextFile {
  public:
    /// Makes the file, with `head` at its beginning.
    SharedTextFile(std::string path, std::string_view head, Communicator const& world);

    /// On rank 0 alone.
    void append(std::string_view text);
    /// On every rank the file stands when the call returns. Collective.
    void finish();

    std::string const& path() const { return path_; }

  private:
    std::string path_;
    Communicator world_;
    std::optional<TextWriter> writer_;
};

}  // namespace dnagpt
