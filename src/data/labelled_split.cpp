#include "dnagpt/data/labelled_split.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/hash.hpp"
#include "dnagpt/core/random.hpp"
#include "dnagpt/data/canonical_kmers.hpp"

namespace dnagpt {
namespace {

/// Classes of the size of a target that every split gets its share of, and the examples that each
/// of them has at least.
constexpr std::size_t most_target_strata = 5;
constexpr std::size_t stratum_examples = 20;

using Codes = std::vector<std::uint8_t>;

std::uint64_t hash_codes(Codes const& codes, std::uint64_t seed = 0) {
    return hash_bytes(codes.data(), codes.size(), seed);
}

struct HashCodes {
    std::size_t operator()(Codes const* codes) const { return hash_codes(*codes); }
};
struct EqualCodes {
    bool operator()(Codes const* a, Codes const* b) const { return *a == *b; }
};
using CodesSet = std::unordered_set<Codes const*, HashCodes, EqualCodes>;

/// Examples are equal when sequence and numbers are.
struct HashInput {
    std::size_t operator()(LabelledExample const* example) const {
        return hash_codes(example->codes);
    }
};
struct EqualInput {
    bool operator()(LabelledExample const* a, LabelledExample const* b) const {
        return a->codes == b->codes && a->numbers == b->numbers;
    }
};
using InputSet = std::unordered_set<LabelledExample const*, HashInput, EqualInput>;

/// Examples for which keep(number) is false go.
template <class Keep>
void keep_if(std::vector<LabelledExample>& examples, Keep const& keep) {
    std::vector<LabelledExample> kept;
    for (std::size_t i = 0; i < examples.size(); ++i) {
        if (keep(i)) {
            kept.push_back(std::move(examples[i]));
        }
    }
    examples = std::move(kept);
}

/// The examples of each group, by the group's number.
std::map<std::int32_t, std::vector<std::size_t>> members_of(
    std::vector<LabelledExample> const& examples) {
    std::map<std::int32_t, std::vector<std::size_t>> members;
    for (std::size_t i = 0; i < examples.size(); ++i) {
        members[examples[i].group].push_back(i);
    }
    return members;
}

std::vector<std::uint64_t> kmers_of(Codes const& codes) {
    std::vector<std::uint64_t> kmers;
    for_each_canonical_kmer(codes, [&](std::size_t, std::uint64_t key) { kmers.push_back(key); });
    return kmers;
}

/// Numbers by class.
using ClassCounts = std::vector<double>;

ClassCounts count_classes(std::vector<LabelledExample> const& examples,
                          std::vector<std::size_t> const& members, std::size_t classes) {
    ClassCounts counts(classes, 0);
    for (std::size_t const member : members) {
        ++counts[static_cast<std::size_t>(examples[member].label)];
    }
    return counts;
}

/// Of a sequence and, to tell equal ones apart, of an id.
using ExampleHash = std::pair<std::uint64_t, std::uint64_t>;

struct HashedGroup {
    ExampleHash hash;
    std::vector<std::size_t> members;
};

/// Ordered by the smallest hash of their sequences: not by the order of the examples.
std::vector<HashedGroup> hashed_groups(std::vector<LabelledExample> const& examples,
                                       std::uint64_t seed) {
    std::vector<HashedGroup> groups;
    for (auto& [number, members] : members_of(examples)) {
        ExampleHash smallest = {~std::uint64_t{0}, ~std::uint64_t{0}};
        for (std::size_t const member : members) {
            LabelledExample const& example = examples[member];
            smallest = std::min(smallest, ExampleHash(hash_codes(example.codes, seed),
                                                      hash_text(example.id, seed)));
        }
        groups.push_back({smallest, std::move(members)});
    }
    std::ranges::sort(groups, {}, &HashedGroup::hash);
    return groups;
}

/// What each part is to get and has, by class.
struct PartCounts {
    std::vector<ClassCounts> wanted;
    std::vector<ClassCounts> given;
};

/// The part that lacks the largest share of what it is to get of the class.
std::size_t neediest_part(PartCounts const& counts, std::size_t of) {
    std::size_t best = 0;
    double largest = -1;
    for (std::size_t part = 0; part < counts.wanted.size(); ++part) {
        double const wanted = counts.wanted[part][of];
        double const lack = wanted > 0 ? 1 - counts.given[part][of] / wanted : -1;
        if (lack > largest) {
            largest = lack;
            best = part;
        }
    }
    return best;
}

bool is_trained(LabelledExample const& example) {
    return example.split == Split::train;
}

/// How many went.
template <class Goes>
std::int64_t drop_if(std::vector<LabelledExample>& examples, Goes const& goes) {
    std::vector<bool> keep;
    for (LabelledExample const& example : examples) {
        keep.push_back(!goes(example));
    }
    keep_if(examples, [&](std::size_t i) { return keep[i]; });
    return std::count(keep.begin(), keep.end(), false);
}

std::size_t class_count(std::vector<LabelledExample> const& examples) {
    std::int32_t largest = 0;
    for (LabelledExample const& example : examples) {
        largest = std::max(largest, example.label);
    }
    return static_cast<std::size_t>(largest) + 1;
}

/// Those that bear two labels among the examples for which chosen(example) is true.
template <class Chosen>
InputSet inputs_with_two_labels(std::vector<LabelledExample> const& examples,
                                Chosen const& chosen) {
    std::unordered_map<LabelledExample const*, std::int32_t, HashInput, EqualInput> labels;
    InputSet ambiguous;
    for (LabelledExample const& example : examples) {
        if (!chosen(example)) {
            continue;
        }
        auto const [entry, added] = labels.emplace(&example, example.label);
        if (!added && entry->second != example.label) {
            ambiguous.insert(&example);
        }
    }
    return ambiguous;
}

}  // namespace

DroppedDuplicates drop_duplicates(std::vector<LabelledExample>& examples) {
    InputSet const ambiguous = inputs_with_two_labels(examples, [](auto const&) { return true; });
    DroppedDuplicates dropped;
    InputSet seen;
    std::vector<bool> keep;
    for (LabelledExample const& example : examples) {
        bool const has_two = ambiguous.contains(&example);
        bool const first = seen.insert(&example).second;
        dropped.two_labels += has_two ? 1 : 0;
        dropped.same_label += !has_two && !first ? 1 : 0;
        keep.push_back(!has_two && first);
    }
    keep_if(examples, [&](std::size_t i) { return keep[i]; });
    return dropped;
}

std::vector<std::size_t> assign_parts(std::vector<LabelledExample> const& examples,
                                      std::vector<double> const& shares, std::uint64_t seed) {
    double const sum = std::accumulate(shares.begin(), shares.end(), 0.0);
    DNAGPT_EXPECT(sum > 0 && *std::ranges::min_element(shares) >= 0);
    std::size_t const classes = class_count(examples);
    std::vector<std::size_t> all(examples.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    PartCounts counts;
    for (double const share : shares) {
        ClassCounts& wanted = counts.wanted.emplace_back(count_classes(examples, all, classes));
        std::ranges::transform(wanted, wanted.begin(),
                               [&](double total) { return total * share / sum; });
        counts.given.emplace_back(classes, 0);
    }
    std::vector<std::size_t> parts(examples.size());
    for (HashedGroup const& group : hashed_groups(examples, seed)) {
        ClassCounts const of_group = count_classes(examples, group.members, classes);
        auto const commonest =
            static_cast<std::size_t>(std::ranges::max_element(of_group) - of_group.begin());
        std::size_t const part = neediest_part(counts, commonest);
        for (std::size_t of = 0; of < classes; ++of) {
            counts.given[part][of] += of_group[of];
        }
        for (std::size_t const member : group.members) {
            parts[member] = part;
        }
    }
    return parts;
}

void assign_splits(std::vector<LabelledExample>& examples, std::array<double, split_count> shares,
                   std::uint64_t seed) {
    auto const parts = assign_parts(examples, {shares.begin(), shares.end()}, seed);
    for (std::size_t i = 0; i < examples.size(); ++i) {
        examples[i].split = static_cast<Split>(parts[i]);
    }
}

void assign_splits_by_target(std::vector<LabelledExample>& examples,
                             std::array<double, split_count> shares, std::uint64_t seed) {
    std::vector<double> targets;
    for (LabelledExample const& example : examples) {
        targets.push_back(example.target);
    }
    std::ranges::sort(targets);
    std::size_t const strata =
        std::clamp<std::size_t>(targets.size() / stratum_examples, 1, most_target_strata);
    for (LabelledExample& example : examples) {
        auto const below = std::ranges::lower_bound(targets, example.target) - targets.begin();
        example.label =
            static_cast<std::int32_t>(static_cast<std::size_t>(below) * strata / targets.size());
    }
    assign_splits(examples, shares, seed);
    for (LabelledExample& example : examples) {
        example.label = 0;
    }
}

std::int64_t drop_training_copies(std::vector<LabelledExample>& examples) {
    CodesSet held_out;
    for (LabelledExample const& example : examples) {
        if (!is_trained(example)) {
            held_out.insert(&example.codes);
        }
    }
    return drop_if(examples, [&](LabelledExample const& example) {
        return is_trained(example) && held_out.contains(&example.codes);
    });
}

std::int64_t drop_training_contradictions(std::vector<LabelledExample>& examples) {
    InputSet const ambiguous = inputs_with_two_labels(examples, is_trained);
    return drop_if(examples, [&](LabelledExample const& example) {
        return is_trained(example) && ambiguous.contains(&example);
    });
}

std::int64_t test_examples_sharing_kmers(std::vector<LabelledExample> const& examples) {
    std::vector<std::pair<std::uint64_t, std::size_t>> of_test;
    for (std::size_t i = 0; i < examples.size(); ++i) {
        if (examples[i].split == Split::test) {
            for (std::uint64_t const key : kmers_of(examples[i].codes)) {
                of_test.emplace_back(key, i);
            }
        }
    }
    std::ranges::sort(of_test);
    std::set<std::size_t> sharing;
    for (LabelledExample const& example : examples) {
        if (example.split != Split::train) {
            continue;
        }
        for (std::uint64_t const key : kmers_of(example.codes)) {
            auto at = std::ranges::lower_bound(of_test, std::pair{key, std::size_t{0}});
            for (; at != of_test.end() && at->first == key; ++at) {
                sharing.insert(at->second);
            }
        }
    }
    return static_cast<std::int64_t>(sharing.size());
}

}  // namespace dnagpt
