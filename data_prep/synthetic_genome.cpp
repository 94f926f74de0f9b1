#include "synthetic_genome.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "dnagpt/core/hash.hpp"
#include "dnagpt/core/random.hpp"

namespace dnagpt {
namespace {

constexpr std::string_view letters = "ACGT";
constexpr std::size_t contexts = 256;  // order 4
constexpr std::int64_t repeat_families = 8;
constexpr std::int64_t stretch_length = 50'000;

/// Random numbers in sequence.
class Dice {
  public:
    explicit Dice(std::uint64_t key) : key_(key) {}
    std::uint64_t below(std::uint64_t bound) { return random_below(key_, counter_++, bound); }
    bool chance(std::uint64_t percent) { return below(100) < percent; }

  private:
    std::uint64_t key_;
    std::uint64_t counter_ = 0;
};

/// Cumulated probabilities of A C G T behind each context, in 65,536ths.
using Chain = std::array<std::array<std::uint32_t, 4>, contexts>;

/// Few large weights and many small ones: 12 .. 1,023.
std::uint64_t skewed_weight(Dice& dice) {
    std::uint64_t const u = dice.below(256);
    return 12 + (u * u * u >> 14);
}

Chain make_chain(SyntheticSpecies const& species, int gc_percent, std::uint64_t seed) {
    Dice common(random_key({seed, 1}));
    Dice own(random_key({seed, 2, hash_text(species.name)}));
    Chain chain{};
    for (auto& row : chain) {
        std::array<std::uint64_t, 4> weights{};
        std::uint64_t sum = 0;
        for (std::size_t base = 0; base < 4; ++base) {
            std::uint64_t const u = own.below(256);
            bool const gc = base == 1 || base == 2;
            weights[base] = skewed_weight(common) * (64 + (u * u >> 8)) *
                            static_cast<std::uint64_t>(gc ? gc_percent : 100);
            sum += weights[base];
        }
        std::uint64_t before = 0;
        for (std::size_t base = 0; base < 4; ++base) {
            before += weights[base];
            row[base] = static_cast<std::uint32_t>((before << 16) / sum);
        }
    }
    return chain;
}

/// Appends bases drawn from a chain, going on from the last ones.
void append_chain(std::string& text, std::int64_t count, Chain const& chain, std::size_t& context,
                  Dice& dice) {
    for (std::int64_t i = 0; i < count; ++i) {
        auto const draw = static_cast<std::uint32_t>(dice.below(65536));
        auto const& row = chain[context];
        std::size_t base = 0;
        while (base < 3 && draw >= row[base]) {
            ++base;
        }
        text += letters[base];
        context = (context << 2 | base) % contexts;
    }
}

std::string other_strand(std::string_view text) {
    std::string result(text.rbegin(), text.rend());
    for (char& letter : result) {
        letter = letters[3 - letters.find(letter)];
    }
    return result;
}

std::vector<std::string> make_repeats(Chain const& chain, Dice dice) {
    std::vector<std::string> families;
    for (std::int64_t i = 0; i < repeat_families; ++i) {
        std::string family;
        std::size_t context = dice.below(contexts);
        append_chain(family, static_cast<std::int64_t>(200 + dice.below(300)), chain, context,
                     dice);
        families.push_back(std::move(family));
    }
    return families;
}

/// A copy of a family in lower case, one base in 16 replaced, on either strand.
std::string repeat_copy(std::vector<std::string> const& families, Dice& dice) {
    std::string copy = families[dice.below(families.size())];
    for (char& letter : copy) {
        if (dice.below(16) == 0) {
            letter = letters[dice.below(4)];
        }
    }
    if (dice.chance(30)) {
        copy = other_strand(copy);
    }
    std::transform(copy.begin(), copy.end(), copy.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
    return copy;
}

/// Codons without stops, the favoured ones many times.
std::vector<std::string> codon_table(Dice dice) {
    std::vector<std::string> table;
    for (std::size_t codon = 0; codon < 64; ++codon) {
        std::string const text = {letters[codon >> 4], letters[codon >> 2 & 3], letters[codon & 3]};
        std::uint64_t const copies = skewed_weight(dice) / 40 + 1;
        if (text != "TAA" && text != "TAG" && text != "TGA") {
            table.insert(table.end(), copies, text);
        }
    }
    return table;
}

/// Promoter, start, codons, stop, poly-A signal; on either strand.
std::string gene(Chain const& chain, std::vector<std::string> const& codons, Dice& dice) {
    std::string text = "TATAAA";
    std::size_t context = dice.below(contexts);
    append_chain(text, 30, chain, context, dice);
    text += "ATG";
    std::uint64_t const length = 60 + dice.below(200);
    for (std::uint64_t i = 0; i < length; ++i) {
        text += codons[dice.below(codons.size())];
    }
    text += "TAA";
    append_chain(text, 60, chain, context, dice);
    text += "AATAAA";
    return dice.chance(30) ? other_strand(text) : text;
}

void add_gaps(std::string& text, Dice& dice) {
    auto const length = text.size();
    std::size_t const run = std::min<std::size_t>(1000, length / 20);
    text.replace(0, run, run, 'N');
    text.replace(length / 2, run / 2, run / 2, 'N');
    for (int i = 0; i < 5; ++i) {
        text[dice.below(length)] = "NRYKM"[i];
    }
}

}  // namespace

std::vector<SyntheticSpecies> const& synthetic_species() {
    static std::vector<SyntheticSpecies> const species = {
        {"homo_sapiens", 'R', "Homo sapiens", 3'000'000, 4, 80},
        {"mus_musculus", 'S', "Mus musculus", 2'400'000, 3, 85},
        {"bos_taurus", 'V', "Bos taurus", 2'400'000, 3, 82},
        {"danio_rerio", 'L', "Danio rerio", 1'600'000, 3, 65},
        {"drosophila_melanogaster", 'O', "Drosophila melanogaster", 1'000'000, 2, 85},
        {"escherichia_coli", 'Q', "Escherichia coli", 600'000, 1, 110},
        {"arabidopsis_thaliana", 'I', "Arabidopsis thaliana", 800'000, 2, 60},
        {"caenorhabditis_elegans", 'K', "Caenorhabditis elegans", 700'000, 2, 60},
        {"saccharomyces_cerevisiae", 'U', "Saccharomyces cerevisiae", 600'000, 3, 68},
    };
    return species;
}

std::string synthetic_chromosome(SyntheticSpecies const& species, std::int64_t chromosome,
                                 std::int64_t length, std::uint64_t seed) {
    std::uint64_t const own = hash_text(species.name);
    std::array<Chain, 2> const chains = {make_chain(species, species.gc_percent, seed),
                                         make_chain(species, species.gc_percent * 3 / 2, seed)};
    auto const families = make_repeats(chains[0], Dice(random_key({seed, 3, own})));
    auto const codons = codon_table(Dice(random_key({seed, 4, own})));
    Dice dice(random_key({seed, 5, own, static_cast<std::uint64_t>(chromosome)}));
    std::string text;
    text.reserve(static_cast<std::size_t>(length) + 1000);
    std::size_t context = dice.below(contexts);
    while (static_cast<std::int64_t>(text.size()) < length) {
        Chain const& chain = chains[text.size() / stretch_length % 2];
        append_chain(text, static_cast<std::int64_t>(500 + dice.below(1500)), chain, context, dice);
        text += dice.chance(50) ? repeat_copy(families, dice) : gene(chain, codons, dice);
    }
    text.resize(static_cast<std::size_t>(length));
    add_gaps(text, dice);
    return text;
}

}  // namespace dnagpt
