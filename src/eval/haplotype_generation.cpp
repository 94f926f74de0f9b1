#include "dnagpt/eval/haplotype_generation.hpp"

#include <algorithm>
#include <numeric>

#include "dnagpt/core/bf16.hpp"
#include "dnagpt/core/check.hpp"
#include "dnagpt/eval/step_input.hpp"
#include "dnagpt/eval/token_sampling.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "dnagpt/model/token_scores.hpp"

namespace dnagpt {
namespace {

constexpr std::array<std::string_view, discard_count> names = {"kept", "stop_elsewhere",
                                                               "other_word", "no_stop"};
constexpr std::uint8_t code_of_n = 0;
constexpr std::uint8_t code_of_a = 1;
constexpr std::uint8_t code_of_g = 2;

/// Appends the word's alleles: `sites` of them, the rest must be N. False for any other word.
bool append_alleles(TokenId token, std::int64_t sites, Vocabulary vocabulary,
                    std::vector<std::uint8_t>& alleles) {
    std::vector<std::uint8_t> const codes = codes_of_token(token, vocabulary);
    bool const dynamic_tail = vocabulary.kind == VocabularyKind::dynamic &&
                              std::ssize(codes) == std::min<std::int64_t>(sites, bases_per_word);
    if (std::ssize(codes) != bases_per_word && !dynamic_tail) {
        return false;
    }
    for (std::int64_t i = 0; i < std::ssize(codes); ++i) {
        std::uint8_t const code = codes[static_cast<std::size_t>(i)];
        bool const right = i < sites ? code == code_of_a || code == code_of_g : code == code_of_n;
        if (!right) {
            return false;
        }
        if (i < sites) {
            alleles.push_back(code == code_of_g ? 1 : 0);
        }
    }
    return true;
}

}  // namespace

std::string_view discard_name(Discard discard) {
    return names[static_cast<std::size_t>(discard)];
}

DrawnHaplotype read_haplotype(std::span<TokenId const> tokens, std::int64_t sites,
                              Vocabulary vocabulary) {
    DNAGPT_EXPECT(std::ssize(tokens) == (sites + bases_per_word - 1) / bases_per_word + 1);
    auto const words = tokens.first(tokens.size() - 1);
    if (std::ranges::find(words, stop_token) != words.end()) {
        return {Discard::stop_elsewhere, {}};
    }
    DrawnHaplotype drawn;
    for (TokenId const word : words) {
        std::int64_t const left = sites - std::ssize(drawn.alleles);
        if (!append_alleles(word, left, vocabulary, drawn.alleles)) {
            return {Discard::other_word, {}};
        }
    }
    if (tokens.back() != stop_token) {
        return {Discard::no_stop, {}};
    }
    return drawn;
}

template <class T>
std::vector<DrawnHaplotype> draw_haplotypes(Decoder<T>& decoder, HaplotypeRequest const& request,
                                            std::span<std::int64_t const> numbers) {
    std::int64_t const rows = decoder.state.cache.rows;
    std::int64_t const drawn_tokens = (request.sites + bases_per_word - 1) / bases_per_word + 1;
    auto const prompt = std::ssize(request.prompt);
    DNAGPT_EXPECT(std::ssize(numbers) <= rows && prompt >= 1 &&
                  prompt + drawn_tokens - 1 <= decoder.state.cache.capacity);
    StepInput input(rows);
    HostStep step(rows);
    std::vector<std::int32_t> all(numbers.size());
    std::iota(all.begin(), all.end(), 0);
    std::vector<std::vector<TokenId>> drawn(numbers.size());
    for (std::int64_t position = 0; position < prompt + drawn_tokens - 1; ++position) {
        if (position < prompt) {
            std::ranges::fill(step.tokens, request.prompt[static_cast<std::size_t>(position)]);
        }
        std::ranges::fill(step.positions, static_cast<std::int32_t>(position));
        decode_step(decoder, input.upload(step));
        if (position + 1 < prompt) {
            continue;
        }
        std::vector<float> const logits = hidden_logits(
            decoder.context, decoder.params, decoder.state.hidden, input.upload_rows(all));
        auto const vocabulary = static_cast<std::size_t>(request.vocabulary.size());
        for (std::size_t row = 0; row < numbers.size(); ++row) {
            std::span<float const> const own(logits.data() + row * vocabulary, vocabulary);
            TokenId const token =
                sample_token(own, {request.temperature}, {request.seed, numbers[row], position});
            step.tokens[row] = token;
            drawn[row].push_back(token);
        }
    }
    std::vector<DrawnHaplotype> haplotypes;
    for (std::vector<TokenId> const& each : drawn) {
        haplotypes.push_back(read_haplotype(each, request.sites, request.vocabulary));
    }
    return haplotypes;
}

#define DNAGPT_INSTANTIATE(T)                                                                  \
    template std::vector<DrawnHaplotype> draw_haplotypes(Decoder<T>&, HaplotypeRequest const&, \
                                                         std::span<std::int64_t const>)
DNAGPT_INSTANTIATE(float);
DNAGPT_INSTANTIATE(bf16);

}  // namespace dnagpt
