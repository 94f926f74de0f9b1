#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dnagpt/genome/vocabulary.hpp"
#include "dnagpt/model/decoder.hpp"

namespace dnagpt {

/// Why a drawn sequence is no haplotype; the first that applies.
enum class Discard : std::uint8_t {
    kept,
    stop_elsewhere,  ///< the stop `<!>` before the last word
    other_word,      ///< a word with another letter than A and G, or a wrong fill of the last one
    no_stop          ///< no stop behind the last word
};
inline constexpr int discard_count = 4;
/// "kept", "stop_elsewhere", "other_word" or "no_stop".
std::string_view discard_name(Discard discard);

/// A drawn sequence.
struct DrawnHaplotype {
    Discard discard = Discard::kept;
    std::vector<std::uint8_t> alleles;  ///< 0 or 1, one for each site; empty unless kept
};

/// Reads drawn tokens: ceil(sites / 6) words and the stop (arXiv 2307.05628).
DrawnHaplotype read_haplotype(std::span<TokenId const> tokens, std::int64_t sites,
                              Vocabulary vocabulary);

/// What is drawn, how.
struct HaplotypeRequest {
    std::vector<TokenId> prompt;  ///< tokens in front, such as `<R>`
    std::int64_t sites = 0;
    double temperature = 1;
    std::uint64_t seed = 1;
    Vocabulary vocabulary;
};

/// Draws the sequences of these numbers (at most the decoder's rows); nothing is masked. A sequence
/// depends on seed and number alone, beyond rounding not on the batch.
template <class T>
std::vector<DrawnHaplotype> draw_haplotypes(Decoder<T>& decoder, HaplotypeRequest const& request,
                                            std::span<std::int64_t const> numbers);

}  // namespace dnagpt
