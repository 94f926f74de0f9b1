#include "dnagpt/genome/genome_region.hpp"

#include <algorithm>
#include <optional>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/parse_number.hpp"

namespace dnagpt {
namespace {

std::optional<std::int64_t> parse_place(std::string_view text) {
    std::string digits(text);
    std::erase(digits, ',');
    return parse_whole_number(digits);
}

}  // namespace

GenomeRegion parse_region(std::string_view text) {
    GenomeRegion region;
    std::size_t const colon = text.rfind(':');
    std::string_view const places = colon == text.npos ? "" : text.substr(colon + 1);
    bool const has_places =
        !places.empty() && places.find_first_not_of("0123456789,-") == places.npos;
    region.contig = std::string(has_places ? text.substr(0, colon) : text);
    if (has_places) {
        std::size_t const dash = places.find('-');
        auto const from = parse_place(places.substr(0, dash));
        auto const to = dash == places.npos ? region.end : parse_place(places.substr(dash + 1));
        DNAGPT_VALIDATE(from && to && *from >= 1 && *from <= *to,
                        << "the region '" << text
                        << "' cannot be read (places count from 1, the first is not behind the "
                           "last); write contig:from-to");
        region.begin = *from - 1;
        region.end = *to;
    }
    DNAGPT_VALIDATE(!region.contig.empty() && !region.contig.ends_with(':'),
                    << "the region '" << text << "' names no contig; write contig:from-to");
    return region;
}

}  // namespace dnagpt
