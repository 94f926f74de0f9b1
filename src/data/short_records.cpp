#include "dnagpt/data/short_records.hpp"

#include <algorithm>
#include <tuple>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/parse_number.hpp"
#include "dnagpt/core/random.hpp"
#include "dnagpt/data/canonical_kmers.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "dnagpt/genome/vocabulary.hpp"

namespace dnagpt {
namespace {

/// Keys held at once: 12 million of 16 bytes.
constexpr std::size_t most_keys = 12'000'000;
/// Keys of one pass if none repeats, less than fit: they are not spread quite evenly.
constexpr std::int64_t keys_per_pass = 10'000'000;
constexpr std::uint64_t last_key = ~std::uint64_t{0};

struct Key {
    std::uint64_t key;
    std::int32_t record;
};

/// Joins the records of equal keys; one of each key is left, in ascending order.
void join_equal(std::vector<Key>& keys, DisjointGroups& joined) {
    std::sort(keys.begin(), keys.end(), [](Key const& a, Key const& b) { return a.key < b.key; });
    std::size_t kept = 0;
    for (Key const& key : keys) {
        if (kept > 0 && keys[kept - 1].key == key.key) {
            joined.join(keys[kept - 1].record, key.record);
        } else {
            keys[kept++] = key;
        }
    }
    keys.resize(kept);
}

}  // namespace

std::optional<RecordCoordinates> record_coordinates(std::string_view name) {
    bool const reverse = name.ends_with("(-)");
    if (reverse || name.ends_with("(+)")) {
        name.remove_suffix(3);
    }
    std::size_t const colon = name.rfind(':');
    std::size_t const dash = name.find('-', colon == name.npos ? 0 : colon);
    if (colon == name.npos || colon == 0 || dash == name.npos) {
        return std::nullopt;
    }
    RecordCoordinates coordinates;
    coordinates.reverse = reverse;
    coordinates.sequence = std::string(name.substr(0, colon));
    auto const first = parse_whole_number(name.substr(colon + 1, dash - colon - 1));
    auto const last = parse_whole_number(name.substr(dash + 1));
    if (!first || !last || *last < *first) {
        return std::nullopt;
    }
    coordinates.first = *first;
    coordinates.last = *last;
    return coordinates;
}

void ShortRecordGroups::add(std::int32_t record, std::string_view name,
                            std::span<std::uint8_t const> codes) {
    auto const words = pack_words_filled(codes);
    entries_.push_back({record, static_cast<std::int32_t>(codes.size()),
                        static_cast<std::int64_t>(words_.size()), record_coordinates(name)});
    words_.insert(words_.end(), words.begin(), words.end());
    bases_ += static_cast<std::int64_t>(codes.size());
}

std::vector<std::int32_t> ShortRecordGroups::groups(std::int32_t records) const {
    DisjointGroups joined(records);
    join_overlapping(joined);
    auto const passes = static_cast<std::uint64_t>(bases_ / keys_per_pass + 1);
    std::uint64_t const step = last_key / passes;
    for (std::uint64_t begin = 0;;) {
        std::uint64_t const wanted = begin > last_key - step ? last_key : begin + step;
        std::uint64_t const last = join_sharing(joined, begin, wanted);
        if (last == last_key) {
            break;
        }
        begin = last + 1;
    }
    return joined.groups();
}

void ShortRecordGroups::join_overlapping(DisjointGroups& joined) const {
    std::vector<Entry const*> order;
    for (Entry const& entry : entries_) {
        if (entry.coordinates) {
            order.push_back(&entry);
        }
    }
    std::sort(order.begin(), order.end(), [](Entry const* a, Entry const* b) {
        auto const key = [](Entry const* entry) {
            return std::tie(entry->coordinates->sequence, entry->coordinates->first, entry->record);
        };
        return key(a) < key(b);
    });
    Entry const* reaching = nullptr;  // the one that reaches furthest so far
    for (Entry const* entry : order) {
        // coordinates that count from 0 are half-open: touching windows do not overlap
        bool const overlaps = reaching != nullptr &&
                              reaching->coordinates->sequence == entry->coordinates->sequence &&
                              entry->coordinates->first < reaching->coordinates->last;
        if (overlaps) {
            joined.join(reaching->record, entry->record);
        }
        if (!overlaps || entry->coordinates->last > reaching->coordinates->last) {
            reaching = entry;
        }
    }
}

std::uint64_t ShortRecordGroups::join_sharing(DisjointGroups& joined, std::uint64_t begin,
                                              std::uint64_t last) const {
    std::vector<Key> keys;
    keys.reserve(std::min(static_cast<std::size_t>(bases_), most_keys));
    std::vector<std::uint8_t> codes;
    for (Entry const& entry : entries_) {
        auto const words =
            static_cast<std::size_t>((entry.length + bases_per_word - 1) / bases_per_word);
        codes.resize(words * bases_per_word);
        unpack_words(std::span(words_).subspan(static_cast<std::size_t>(entry.first_word), words),
                     codes);
        for_each_canonical_kmer(codes, [&](std::size_t, std::uint64_t kmer) {
            std::uint64_t const key = spread_bits(kmer);
            if (key < begin || key > last) {
                return;
            }
            if (keys.size() == most_keys) {
                join_equal(keys, joined);
                if (keys.size() > most_keys / 16 * 15) {
                    // hardly any repeats: the upper half is left to the next pass
                    keys.resize(keys.size() / 2);
                    last = keys.back().key;
                }
            }
            if (key <= last) {
                keys.push_back({key, entry.record});
            }
        });
    }
    join_equal(keys, joined);
    return last;
}

}  // namespace dnagpt
