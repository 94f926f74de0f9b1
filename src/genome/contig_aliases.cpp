#include "dnagpt/genome/contig_aliases.hpp"

#include <algorithm>
#include <string_view>

#include "dnagpt/core/check.hpp"
#include "dnagpt/genome/text_lines.hpp"

namespace dnagpt {

ContigAliases::ContigAliases(std::string const& path) {
    for_each_line(path, [&](std::string_view line, std::int64_t number) {
        while (!line.empty() && line.front() != '#') {
            std::size_t const tab = std::min(line.find('\t'), line.size());
            std::string const name(without_blanks(line.substr(0, tab)));
            line.remove_prefix(std::min(tab + 1, line.size()));
            if (name.empty()) {
                continue;
            }
            auto const [place, fresh] = line_of_.emplace(name, static_cast<std::size_t>(number));
            DNAGPT_VALIDATE(fresh || place->second == static_cast<std::size_t>(number),
                            << path << " line " << number << ": the contig '" << name
                            << "' stands on line " << place->second
                            << " too; write all names of a contig on one line");
        }
    });
    DNAGPT_VALIDATE(!line_of_.empty(), << path << " names no contig; write the names of one contig "
                                       << "a line, with tabs between them");
}

bool ContigAliases::same(std::string const& left, std::string const& right) const {
    auto const of_left = line_of_.find(left);
    auto const of_right = line_of_.find(right);
    return left == right || (of_left != line_of_.end() && of_right != line_of_.end() &&
                             of_left->second == of_right->second);
}

std::optional<std::string> ContigAliases::find(std::string const& contig,
                                               std::vector<std::string> const& names) const {
    auto found = std::ranges::find(names, contig);
    if (found == names.end()) {
        found = std::ranges::find_if(names,
                                     [&](std::string const& name) { return same(contig, name); });
    }
    return found == names.end() ? std::nullopt : std::optional(*found);
}

}  // namespace dnagpt
