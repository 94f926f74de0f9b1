#pragma once

#include <cstdint>
#include <initializer_list>

namespace dnagpt {

/// Spreads numbers evenly over 64 bits; different ones stay different: the finaliser of SplitMix64
/// (Steele, Lea, Flood 2014).
inline std::uint64_t spread_bits(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

/// Mixes words into one key; the order of the words counts.
std::uint64_t random_key(std::initializer_list<std::uint64_t> words);

/// Random numbers without state: the same (key, counter) gives the same number on every rank,
/// machine and world size.
std::uint64_t random_bits(std::uint64_t key, std::uint64_t counter);

/// Uniform in [0, 1), 53 bits.
double random_uniform(std::uint64_t key, std::uint64_t counter);

/// Uniform in 0 .. bound - 1 (bound >= 1), by 128-bit multiplication; its bias is below 2^-64
/// bound.
std::uint64_t random_below(std::uint64_t key, std::uint64_t counter, std::uint64_t bound);

/// Normal with mean 0 and deviation 1 (Box-Muller on two numbers of the same counter).
double random_normal(std::uint64_t key, std::uint64_t counter);

/// Element `index` of a keyed permutation of 0 .. size - 1 (size >= 1): a four-round Feistel
/// network over the next even power of two with cycle walking (Black, Rogaway 2002). No memory, any
/// size.
std::uint64_t random_permutation(std::uint64_t key, std::uint64_t size, std::uint64_t index);

}  // namespace dnagpt
