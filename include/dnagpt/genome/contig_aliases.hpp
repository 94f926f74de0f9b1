#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace dnagpt {

/// Which names mean the same contig, such as chr1, 1 and NC_000001.11.
class ContigAliases {
  public:
    ContigAliases() = default;
    /// Reads a table without a head line, fields separated by tabs: the names of one contig a line.
    /// Lines that begin with '#' are left out. Error for a name on two lines, and for no line.
    explicit ContigAliases(std::string const& path);

    /// Whether two names mean one contig: equal ones always do.
    bool same(std::string const& left, std::string const& right) const;
    /// The one of `names` that means `contig`; nothing where none does. An equal one comes first.
    std::optional<std::string> find(std::string const& contig,
                                    std::vector<std::string> const& names) const;

  private:
    std::unordered_map<std::string, std::size_t> line_of_;
};

}  // namespace dnagpt
