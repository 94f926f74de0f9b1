#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace dnagpt {

/// Length of the exact matches by which shared sequence is recognised.
inline constexpr int kmer_bases = 32;

/// Calls visit(first base, key) for every 32-mer of `codes` without N. The key holds two bits a
/// base and is the smaller of those of both strands: equal keys mean equal 32-mers on either.
template <class Visit>
void for_each_canonical_kmer(std::span<std::uint8_t const> codes, Visit&& visit) {
    std::uint64_t forward = 0;
    std::uint64_t reverse = 0;
    int run = 0;
    for (std::size_t i = 0; i < codes.size(); ++i) {
        if (codes[i] == 0) {
            run = 0;
            continue;
        }
        std::uint64_t const bits = codes[i] - std::uint64_t{1};
        forward = (forward << 2) | bits;
        reverse = (reverse >> 2) | ((3 - bits) << 62);
        if (++run >= kmer_bases) {
            visit(i + 1 - kmer_bases, std::min(forward, reverse));
        }
    }
}

}  // namespace dnagpt
