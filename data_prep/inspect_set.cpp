#include "inspect_set.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "dnagpt/data/hapt_file.hpp"
#include "dnagpt/data/labelled_set.hpp"
#include "set_splits.hpp"

namespace dnagpt {
namespace {

std::string by_split(std::array<std::int64_t, split_count> const& counts) {
    return fmt::format("train {}, validation {}, test {}", count_text(counts[0]),
                       count_text(counts[1]), count_text(counts[2]));
}

void print_bases(LabelledSet const& set) {
    auto const [shortest, longest] = std::ranges::minmax(
        set.examples, {}, [](LabelledExample const& example) { return example.codes.size(); });
    fmt::print("  bases            {} to {}\n",
               count_text(static_cast<std::int64_t>(shortest.codes.size())),
               count_text(static_cast<std::int64_t>(longest.codes.size())));
}

void print_classes(LabelledSet const& set) {
    auto const counts = count_examples(set);
    for (std::size_t label = 0; label < set.classes.size(); ++label) {
        fmt::print("  class {:<10} {}\n", set.classes[label],
                   by_split({counts[0][label], counts[1][label], counts[2][label]}));
    }
}

void print_numbers(LabelledSet const& set) {
    fmt::print("  examples         {}\n", by_split(examples_by_split(set)));
    fmt::print("  groups           {}\n", by_split(groups_by_split(set)));
    print_statistics(set, "  ");
}

std::string site_text(HaplotypeSite const& site) {
    return fmt::format("{}:{}", site.contig, site.position + 1);
}

void print_haplotypes(LabelledSet const& set) {
    fmt::print("  persons          {}\n", by_split(groups_by_split(set)));
    fmt::print("  haplotypes       {}\n", by_split(examples_by_split(set)));
    fmt::print("  sites            {}, {} of them monomorphic, {}\n",
               count_text(static_cast<std::int64_t>(set.examples.front().codes.size())),
               count_text(count_monomorphic(set.examples)),
               set.sites.empty()
                   ? "places unknown"
                   : site_text(set.sites.front()) + " to " + site_text(set.sites.back()));
}

}  // namespace

void inspect_set(std::string const& path) {
    LabelledSet const set = read_labelled_set(path);
    fmt::print("{}\n", path);
    fmt::print("  labelled set     {} {}, species token <{}>, {}\n",
               count_text(static_cast<std::int64_t>(set.examples.size())),
               set.answer == AnswerKind::number ? "genes" : "sequences", set.species_token,
               set.settings);
    switch (set.answer) {
        case AnswerKind::classes:
            print_bases(set);
            print_classes(set);
            if (!set.number_names.empty()) {
                print_statistics(set, "  ");
            }
            break;
        case AnswerKind::number:
            print_bases(set);
            print_numbers(set);
            break;
        case AnswerKind::words:
            print_haplotypes(set);
            break;
    }
}

}  // namespace dnagpt
