#pragma once

#include <cstdint>
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
    /// All lines so far are on the disk when the call returns.
    void sync();

  private:
    FileDescriptor file_;
    std::int64_t end_ = 0;
};

/// All whole lines of the file; a half-written last line is left out. Error with path and line
/// number for a line that is no JSON object. A missing file has no lines.
std::vector<nlohmann::ordered_json> read_json_lines(std::string const& path);

/// What cut_after does from a line on.
enum class LineFate : std::uint8_t {
    keep,
    keep_as_last,  ///< what follows may be dropped: it need not be readable
    drop           ///< this line and all that follow
};

/// Drops the half-written last line, and all lines from the first on that `judge` drops; rewrites
/// the file at once or not at all. Returns the number of lines left. Error with path and line
/// number for a line that is no JSON object, unless a line before it was kept as last: then the
/// file is cut there (what was written after the last save is lost with the machine).
std::size_t cut_after(std::string const& path,
                      std::function<LineFate(nlohmann::ordered_json const&)> const& judge);

}  // namespace dnagpt
