#include "dnagpt/data/prompt_template.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>

#include "dnagpt/core/check.hpp"
#include "dnagpt/genome/kmer_tokenizer.hpp"

namespace dnagpt {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> named_templates = {
    {{"class", "<S>{sequence}<=><B>"},
     {"number", "<S>{sequence}<+><M>{numbers}<=><M>"},
     {"released_class", "<R>{sequence}<=><R>"},
     {"released_number", "<R>{sequence}<+><M>{numbers}<=><M>"},
     {"haplotypes", "<S>"}}};

constexpr std::string_view species_place = "<S>";
/// Reserved tokens for the tenth class on: letters without another meaning in a prompt.
constexpr std::string_view class_letters = "RIKLOQSUVWYXZ";
constexpr std::size_t digit_classes = 9;

std::string_view text_of(std::string_view text) {
    if (text.find_first_of("<{") != std::string_view::npos) {
        return text;
    }
    auto const* const found =
        std::ranges::find(named_templates, text, [](auto const& named) { return named.first; });
    DNAGPT_VALIDATE(found != named_templates.end(),
                    << "there is no prompt called '" << text << "'; write a template such as "
                    << "<S>{sequence}<=><B>, or one of "
                    << fmt::format("{}", fmt::join(prompt_template_names(), ", ")));
    return found->second;
}

}  // namespace

PromptTemplate::PromptTemplate(std::string_view text, Vocabulary vocabulary, char species_token)
    : text_(text_of(text)), vocabulary_(vocabulary) {
    std::string_view rest = text_;
    while (!rest.empty()) {
        std::size_t const open = std::min(rest.find('{'), rest.size());
        add_tokens(rest.substr(0, open), species_token);
        rest.remove_prefix(open);
        if (rest.empty()) {
            break;
        }
        std::size_t const close = rest.find('}');
        DNAGPT_VALIDATE(close != std::string_view::npos,
                        << "the prompt " << text_ << " opens a { that it does not close");
        add_place(rest.substr(1, close - 1));
        rest.remove_prefix(close + 1);
    }
    DNAGPT_VALIDATE(
        !pieces_.empty() && pieces_.front().part == Part::tokens,
        << "the prompt " << text_ << " must begin with a token, as in <S>{sequence}<=><B>");
}

void PromptTemplate::add_tokens(std::string_view text, char species_token) {
    if (text.empty()) {
        return;
    }
    std::string filled(text);
    for (std::size_t at = filled.find(species_place); at != std::string::npos;
         at = filled.find(species_place, at + 1)) {
        filled[at + 1] = species_token;
    }
    pieces_.push_back({Part::tokens, encode_text(filled, vocabulary_)});
}

void PromptTemplate::add_place(std::string_view name) {
    DNAGPT_VALIDATE(name == "sequence" || name == "numbers",
                    << "the prompt " << text_ << " has a place {" << name
                    << "}; there are {sequence} and {numbers}");
    Part const part = name == "sequence" ? Part::sequence : Part::numbers;
    DNAGPT_VALIDATE(!has(part), << "the prompt " << text_ << " has {" << name << "} twice");
    bool const after_m = !pieces_.empty() && !pieces_.back().tokens.empty() &&
                         pieces_.back().tokens.back() == m_token;
    DNAGPT_VALIDATE(part == Part::sequence || after_m,
                    << "in the prompt " << text_ << " {numbers} must follow an <M>");
    pieces_.push_back({part, {}});
}

bool PromptTemplate::has(Part part) const {
    return std::ranges::find(pieces_, part, &Piece::part) != pieces_.end();
}

std::optional<TokenId> PromptTemplate::last_token() const {
    bool const is_token = pieces_.back().part == Part::tokens;
    return is_token ? std::optional(pieces_.back().tokens.back()) : std::nullopt;
}

std::int64_t PromptTemplate::length(std::int64_t bases, std::int64_t numbers) const {
    std::int64_t positions = 0;
    for (Piece const& piece : pieces_) {
        positions += piece.part == Part::sequence  ? (bases + bases_per_word - 1) / bases_per_word
                     : piece.part == Part::numbers ? numbers
                                                   : static_cast<std::int64_t>(piece.tokens.size());
    }
    return positions;
}

PromptRow PromptTemplate::fill(std::span<std::uint8_t const> codes,
                               std::span<float const> numbers) const {
    PromptRow row;
    for (Piece const& piece : pieces_) {
        if (piece.part == Part::numbers) {
            row.tokens.insert(row.tokens.end(), numbers.size(), -1);
            row.numbers.assign(numbers.begin(), numbers.end());
            continue;
        }
        std::vector<TokenId> const tokens =
            piece.part == Part::sequence ? encode_bases(codes, vocabulary_) : piece.tokens;
        row.tokens.insert(row.tokens.end(), tokens.begin(), tokens.end());
    }
    return row;
}

std::vector<std::string> prompt_template_names() {
    std::vector<std::string> names;
    for (auto const& [name, text] : named_templates) {
        names.emplace_back(name);
    }
    return names;
}

std::string default_prompt(AnswerKind answer, bool sequences, bool numbers) {
    if (answer == AnswerKind::words) {
        return "<S>";
    }
    return fmt::format("<S>{}{}<=>{}", sequences ? "{sequence}" : "",
                       numbers ? "<+><M>{numbers}" : "",
                       answer == AnswerKind::number ? "<M>" : "<B>");
}

TokenId class_word(Vocabulary vocabulary, std::size_t label, std::size_t classes) {
    DNAGPT_EXPECT(label < classes);
    if (classes <= 2) {
        return label == 1 ? vocabulary.true_word() : vocabulary.false_word();
    }
    DNAGPT_VALIDATE(classes <= digit_classes + class_letters.size(),
                    << classes << " classes (there are words for "
                    << digit_classes + class_letters.size() << "); join some of them");
    return label < digit_classes ? reserved_token(static_cast<char>('1' + label))
                                 : reserved_token(class_letters[label - digit_classes]);
}

}  // namespace dnagpt
