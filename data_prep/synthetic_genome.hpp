#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dnagpt {

/// One of the nine synthetic species: lengths in bp.
struct SyntheticSpecies {
    std::string name;
    char token;
    std::string title;  ///< for descriptions, "Homo sapiens"
    std::int64_t length;
    std::int64_t chromosomes;
    int gc_percent;  ///< how much G and C are favoured; 100: as much as A and T
};

/// The nine species in the order of the species table; about 13 Mbp.
std::vector<SyntheticSpecies> const& synthetic_species();

/// Letters of a chromosome of `length` bp, with something to learn in it: bases follow an order-4
/// Markov chain that is partly common to all species (and runs differently backwards), its GC
/// content changes between stretches of about 50 kb, families of repeats (lower case) and genes
/// with biased codons stand in it, runs of N at the start and in the middle. The same arguments
/// give the same letters; only integers are computed with.
std::string synthetic_chromosome(SyntheticSpecies const& species, std::int64_t chromosome,
                                 std::int64_t length, std::uint64_t seed);

}  // namespace dnagpt
