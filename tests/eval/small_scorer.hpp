#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dnagpt/eval/base_scores.hpp"
#include "dnagpt/eval/prompt_answers.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "model/small_model.hpp"

namespace dnagpt::testing {

inline constexpr Vocabulary fixed_words{VocabularyKind::fixed};

/// A model of random weights that scores bases: of up to 42 in a sequence.
class SmallScorer {
  public:
    explicit SmallScorer(std::int64_t positions = 60, Vocabulary vocabulary = fixed_words)
        : vocabulary_(vocabulary),
          model_({2, 2, 8, 12, vocabulary.size()}, 5, Purpose::inference),
          forward_{model_.context, model_.params, model_.saved, model_.batch},
          scorer_(forward_, vocabulary, reserved_token('R'), positions) {
        model_.set_weights(lively_weights(model_.layout, 5));
    }

    BaseScorer<float> const& scorer() const { return scorer_; }

    std::vector<BaseLogP> score(std::string_view letters, std::int64_t first,
                                std::int64_t last) const {
        std::vector<BaseAsk> const asks = {{base_codes(letters), first, last}};
        return scorer_.score(asks).front();
    }

    /// log p of the base at the end of `letters`, from the logits of the words before it.
    double log_p_of_last(std::string_view letters) const {
        std::size_t const phase = (letters.size() - 1) % bases_per_word;
        auto const before = letters.substr(phase, letters.size() - 1 - phase);
        std::vector<TokenId> const tokens = encode_text("<R>" + std::string(before), vocabulary_);
        std::vector<PromptInput> const inputs = {{{{tokens.begin(), tokens.end()}, {}}, {}}};
        std::vector<double> sums(4, 0.0);
        answer_prompts(forward_, std::span(inputs), {60}, LogitsAt::last_position,
                       [&](std::size_t, PromptAnswer const& answer) { add_words(answer, sums); });
        double const all = sums[0] + sums[1] + sums[2] + sums[3];
        return std::log(sums[base_codes(letters).back() - 1U] / all);
    }

  private:
    void add_words(PromptAnswer const& answer, std::vector<double>& sums) const {
        for (std::uint16_t word = 0; word < word_count; ++word) {
            std::string const text = vocabulary_.token_text(vocabulary_.word_token(word));
            if (text.size() == bases_per_word && text.find('N') == std::string::npos) {
                auto const id = static_cast<std::size_t>(vocabulary_.word_token(word));
                sums[base_codes(text).front() - 1U] +=
                    std::exp(static_cast<double>(answer.logits[id]));
            }
        }
    }

    Vocabulary vocabulary_;
    SmallModel<float> model_;
    ForwardModel<float> forward_;
    BaseScorer<float> scorer_;
};

}  // namespace dnagpt::testing
