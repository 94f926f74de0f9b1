#include "dnagpt/eval/text_drawing.hpp"

#include <algorithm>
#include <cctype>
#include <limits>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"
#include "dnagpt/genome/prompt.hpp"

namespace dnagpt {
namespace {

/// Bases at the end of a prompt, behind a token or numbers, that are no whole word.
std::size_t tail_length(std::string_view text) {
    auto const is_letter = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
    auto const end = std::find_if_not(text.rbegin(), text.rend(), is_letter);
    std::string_view const run = text.substr(static_cast<std::size_t>(text.rend() - end));
    std::vector<std::uint8_t> codes(run.size());
    bool const is_bases = normalise_bases(run, codes) == run.size();
    return is_bases ? run.size() % bases_per_word : 0;
}

}  // namespace

TextPrompt text_prompt(std::string_view text, Vocabulary vocabulary) {
    std::size_t const tail = tail_length(text);
    std::string_view const whole = text.substr(0, text.size() - tail);
    DNAGPT_VALIDATE(!whole.empty(), << "'" << text
                                    << "' has no whole word or token that could be read first; "
                                    << "begin with a species token, such as <R>");
    Prompt const prompt = parse_prompt(whole, vocabulary);
    PromptInput input = prompt_input(prompt);
    if (std::ssize(prompt) > input.length()) {
        input.asked.push_back(input.row.numbers.size());
        input.row.numbers.push_back(0);
        input.row.tokens.push_back(-1);
    }
    return {std::move(input), base_codes(text.substr(whole.size()))};
}

TextDrawing::TextDrawing(TextPrompt const& prompt, std::int64_t number, TextForm const& form)
    : form_(&form), number_(number), tail_(prompt.tail) {
    std::size_t numbers = 0;
    for (std::int32_t const token : prompt.input.row.tokens) {
        Input& input = inputs_.emplace_back();
        input.token = token;
        if (token < 0) {
            auto const& asked = prompt.input.asked;
            input.asked = std::ranges::find(asked, numbers) != asked.end();
            input.number = prompt.input.row.numbers[numbers++];
        }
    }
    auto const length = std::ssize(inputs_);
    std::int64_t const words =
        (std::ssize(tail_) + form.bases + bases_per_word - 1) / bases_per_word;
    bool const fits = length + words - 1 <= form.longest;
    DNAGPT_VALIDATE(length <= form.longest, << "the prompt has " << length
                                            << " positions, more than the " << form.longest
                                            << " that the context has room for; shorten it");
    std::int64_t const most = bases_per_word * (form.longest - length + 1) - std::ssize(tail_);
    DNAGPT_VALIDATE(fits || form.slide,
                    << "the prompt has " << length << " positions and " << form.bases
                    << " bases take " << words << " words, more than the " << form.longest
                    << " positions that the context has room for; ask for --bases " << most
                    << " or less, or give --slide");
    // Unmasked words may be short.
    most_positions_ = fits && !form.unmasked ? length + words - 1 : form.longest;
    DNAGPT_VALIDATE(numbers == 0 || form.reads_numbers,
                    << "the checkpoint reads no numbers (it was fine-tuned without the number "
                       "embedding); use another one");
    DNAGPT_VALIDATE(prompt.input.asked.empty() || form.answers_numbers,
                    << "the checkpoint answers no numbers (it was fine-tuned without the "
                       "regression head); give the numbers behind <M>");
}

double TextDrawing::share() const {
    return done() ? 1 : static_cast<double>(codes_.size()) / static_cast<double>(form_->bases);
}

bool TextDrawing::needs_number() const {
    return read_ < std::ssize(inputs_) && inputs_[static_cast<std::size_t>(read_)].asked;
}

void TextDrawing::take_number(float number) {
    DNAGPT_EXPECT(needs_number());
    Input& input = inputs_[static_cast<std::size_t>(read_)];
    input.number = number;
    input.asked = false;
    answered_.push_back(number);
}

bool TextDrawing::allowed(std::span<std::uint8_t const> word) const {
    std::size_t const given = words_ == 0 ? tail_.size() : 0;
    if (word.size() < given ||
        !std::ranges::equal(word.first(given), std::span(tail_).first(given))) {
        return false;
    }
    if (form_->unmasked) {
        return true;
    }
    auto const left = form_->bases - std::ssize(codes_) + static_cast<std::int64_t>(given);
    bool const shorter = form_->vocabulary.kind == VocabularyKind::dynamic && left < bases_per_word;
    auto const wanted = shorter ? left : bases_per_word;
    auto const drawn = word.subspan(given);
    return std::ssize(word) == wanted && std::ranges::find(drawn, 0) == drawn.end();
}

std::vector<float> TextDrawing::masked(std::span<float const> logits) const {
    if (form_->unmasked && (words_ > 0 || tail_.empty())) {
        return {logits.begin(), logits.end()};
    }
    std::vector<float> kept(logits.size(), -std::numeric_limits<float>::infinity());
    auto const keep = [&](TokenId token) {
        kept[static_cast<std::size_t>(token)] = logits[static_cast<std::size_t>(token)];
    };
    if (words_ > 0 && form_->bases - std::ssize(codes_) >= bases_per_word) {
        for (std::uint16_t const word : words_without_n()) {
            keep(form_->vocabulary.word_token(word));
        }
    } else {
        for (TokenId token = reserved_count; token < form_->vocabulary.size(); ++token) {
            if (allowed(codes_of_token(token, form_->vocabulary))) {
                keep(token);
            }
        }
    }
    if (words_ > 0 || tail_.empty()) {
        std::ranges::for_each(form_->stops, keep);
    }
    return kept;
}

void TextDrawing::take_logits(std::span<float const> logits) {
    DNAGPT_EXPECT(needs_word());
    take_word(sample_token(masked(logits), form_->sampling, {form_->seed, number_, words_}));
}

void TextDrawing::take_word(TokenId token) {
    if (std::ranges::find(form_->stops, token) != form_->stops.end()) {
        end_ = "stop";
        return;
    }
    std::vector<std::uint8_t> const word = codes_of_token(token, form_->vocabulary);
    if (word.empty()) {
        end_ = form_->vocabulary.token_text(token);
        return;
    }
    codes_.insert(codes_.end(), word.begin() + (words_ == 0 ? std::ssize(tail_) : 0), word.end());
    ++words_;
    if (std::ssize(codes_) >= form_->bases) {
        codes_.resize(static_cast<std::size_t>(form_->bases));
        end_ = "length";
        return;
    }
    inputs_.push_back({token, 0, false});
    if (std::ssize(inputs_) > form_->longest) {
        form_->slide ? slide() : void(end_ = "context");
    }
}

void TextDrawing::slide() {
    auto const is_word = [](Input const& input) { return input.token >= reserved_count; };
    auto const lead = std::ranges::find_if(inputs_, [](Input const& input) {
        return input.token < 0 || input.token == m_token || input.token >= reserved_count;
    });
    auto const half = (form_->longest - (lead - inputs_.begin())) / 2;
    auto kept = inputs_.end();
    while (kept != lead && is_word(*std::prev(kept)) && inputs_.end() - kept < half) {
        --kept;
    }
    inputs_.erase(lead, kept);
    read_ = 0;
}

std::string TextDrawing::bases() const {
    return bases_text(codes_);
}

}  // namespace dnagpt
