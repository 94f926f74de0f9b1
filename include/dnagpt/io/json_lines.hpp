#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "dnagpt/io/durable_file.hpp"

namespace dnagpt {

/// Appends one JSON object a line; each line is one write, so that a reader sees whole lines. Keys
/// stay in the given order; numbers that are not finite become null.
class JsonLinesWriter {
  public:
    /// Makes the file or continues an existing one.
    explicit JsonLinesWriter(std::string const& path);

    void append(nlohmann::ordered_json const& object);

  private:
    FileDescriptor file_;
    std::int64_t end_ = 0;
};

/// All whole lines of the file; a half-written last line is left out. Error with path and line
/// number for a line that is no JSON object. A missing file has no lines.
std::vector<nlohmann::ordered_json> read_json_lines(std::string const& path);

/// Drops the half-written last line, and from the first object for which `drop` holds on all
/// lines; rewrites the file at once or not at all. Returns the number of lines left.
std::size_t cut_after(std::string const& path,
                      std::function<bool(nlohmann::ordered_json const&)> const& drop);

}  // namespace dnagpt
