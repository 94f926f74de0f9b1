#include "dnagpt/data/evaluation_windows.hpp"

#include <algorithm>

#include "dnagpt/core/check.hpp"
#include "dnagpt/core/hash.hpp"
#include "dnagpt/core/random.hpp"
#include "dnagpt/data/pretrain_tasks.hpp"

namespace dnagpt {
namespace {

constexpr std::uint64_t evaluation_purpose = 21;

std::vector<EvaluationWindow> all_windows(SpeciesData const& species, std::int32_t index,
                                          std::int64_t window_words) {
    std::vector<EvaluationWindow> windows;
    for (std::int64_t contig = 0; contig < species.contigs(); ++contig) {
        std::int64_t const words = species.contig_length(contig) / bases_per_word;
        for (std::int64_t first = 0; first < words; first += window_words) {
            windows.push_back({index, contig, first, std::min(window_words, words - first)});
        }
    }
    return windows;
}

/// Draws `limit` of the windows.
std::vector<EvaluationWindow> draw(std::vector<EvaluationWindow> windows, std::int64_t limit,
                                   std::uint64_t key) {
    if (limit == 0 || limit >= static_cast<std::int64_t>(windows.size())) {
        return windows;
    }
    std::vector<EvaluationWindow> drawn;
    for (std::int64_t i = 0; i < limit; ++i) {
        drawn.push_back(
            windows[random_permutation(key, windows.size(), static_cast<std::uint64_t>(i))]);
    }
    return drawn;
}

}  // namespace

std::vector<EvaluationWindow> evaluation_windows(PretrainData const& data,
                                                 std::int64_t window_words,
                                                 std::int64_t windows_per_species,
                                                 std::uint64_t seed) {
    DNAGPT_EXPECT(window_words >= 1 && windows_per_species >= 0);
    std::vector<EvaluationWindow> windows;
    for (std::size_t s = 0; s < data.species().size(); ++s) {
        SpeciesData const& species = data.species()[s];
        std::uint64_t const key = random_key({seed, evaluation_purpose, hash_text(species.name())});
        auto drawn = draw(all_windows(species, static_cast<std::int32_t>(s), window_words),
                          windows_per_species, key);
        std::sort(drawn.begin(), drawn.end(), [](auto const& a, auto const& b) {
            return a.words != b.words     ? a.words > b.words
                   : a.contig != b.contig ? a.contig < b.contig
                                          : a.first_word < b.first_word;
        });
        windows.insert(windows.end(), drawn.begin(), drawn.end());
    }
    return windows;
}

std::vector<std::uint16_t> read_window(PretrainData const& data, EvaluationWindow const& window) {
    SpeciesData const& species = data.species()[static_cast<std::size_t>(window.species)];
    std::vector<std::uint16_t> words(static_cast<std::size_t>(window.words));
    species.read_words(species.contig_first_word(window.contig) + window.first_word, words);
    return words;
}

EvaluationBatch make_evaluation_batch(PretrainData const& data,
                                      std::span<EvaluationWindow const> windows,
                                      Vocabulary vocabulary) {
    std::int64_t longest = 0;
    for (EvaluationWindow const& window : windows) {
        longest = std::max(longest, window.words);
    }
    EvaluationBatch result;
    result.batch = empty_batch(static_cast<std::int64_t>(windows.size()), longest + 1);
    result.target_bases.assign(result.batch.tokens.size(), 0);
    for (std::size_t r = 0; r < windows.size(); ++r) {
        std::vector<std::uint16_t> const words = read_window(data, windows[r]);
        std::size_t position = r * static_cast<std::size_t>(longest + 1);
        auto const species = static_cast<std::size_t>(windows[r].species);
        result.batch.species[r] = windows[r].species;
        result.batch.tokens[position] = species_token(data.species()[species].token());
        for (std::uint16_t const word : words) {
            if (!word_has_n(word)) {
                result.batch.targets[position] = vocabulary.word_token(word);
                result.target_bases[position] = bases_per_word;
            }
            result.batch.tokens[++position] = vocabulary.word_token(word);
        }
    }
    return result;
}

}  // namespace dnagpt
