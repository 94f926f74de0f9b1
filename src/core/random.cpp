#include "dnagpt/core/random.hpp"

#include <bit>
#include <cmath>
#include <numbers>

#include "dnagpt/core/check.hpp"

namespace dnagpt {
namespace {

constexpr std::uint64_t golden = 0x9e3779b97f4a7c15ULL;

}  // namespace

std::uint64_t random_key(std::initializer_list<std::uint64_t> words) {
    std::uint64_t key = golden;
    for (std::uint64_t const word : words) {
        key = spread_bits(key + golden + spread_bits(word + golden));
    }
    return key;
}

std::uint64_t random_bits(std::uint64_t key, std::uint64_t counter) {
    return spread_bits(spread_bits(key + golden * (counter + 1)) ^ key);
}

double random_uniform(std::uint64_t key, std::uint64_t counter) {
    return static_cast<double>(random_bits(key, counter) >> 11) * 0x1.0p-53;
}

std::uint64_t random_below(std::uint64_t key, std::uint64_t counter, std::uint64_t bound) {
    DNAGPT_EXPECT(bound > 0);
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((Wide{random_bits(key, counter)} * bound) >> 64);
}

double random_normal(std::uint64_t key, std::uint64_t counter) {
    double const u = 1.0 - random_uniform(key, 2 * counter);
    double const v = random_uniform(key, 2 * counter + 1);
    return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

std::uint64_t random_permutation(std::uint64_t key, std::uint64_t size, std::uint64_t index) {
    DNAGPT_EXPECT(index < size);
    int const half_bits = (std::bit_width(size - 1) + 1) / 2;
    if (half_bits == 0) {
        return 0;
    }
    std::uint64_t const mask = (std::uint64_t{1} << half_bits) - 1;
    do {
        std::uint64_t left = index >> half_bits;
        std::uint64_t right = index & mask;
        for (std::uint64_t round = 0; round < 4; ++round) {
            std::uint64_t const swapped = left ^ (random_bits(key + round, right) & mask);
            left = right;
            right = swapped;
        }
        index = (left << half_bits) | right;
    } while (index >= size);
    return index;
}

}  // namespace dnagpt
