#include "dnagpt/genome/vocabulary.hpp"

#include <vector>

#include "dnagpt/core/check.hpp"

namespace dnagpt {

namespace {

constexpr std::string_view species_letters = "IKLOQRSUVWZ";

/// Of each k = 1 .. 6, the id of the first k-mer in the dynamic vocabulary.
constexpr std::array<TokenId, 7> first_kmer_id = {0, 34, 39, 64, 189, 814, 3939};

using BaseTable = std::array<std::array<std::uint8_t, 8>, word_count>;
using CountTable = std::array<WordCounts, word_count>;

constexpr BaseTable make_base_table() {
    BaseTable table{};
    for (int word = 0; word < word_count; ++word) {
        int rest = word;
        for (int place = bases_per_word - 1; place >= 0; --place) {
            table[word][place] = static_cast<std::uint8_t>(rest % 5);
            rest /= 5;
        }
    }
    return table;
}
constexpr BaseTable base_table = make_base_table();

constexpr CountTable make_count_table() {
    CountTable table{};
    for (int word = 0; word < word_count; ++word) {
        for (int place = 0; place < bases_per_word; ++place) {
            std::uint8_t const code = base_table[word][place];
            table[word].gc += code == 2 || code == 3 ? 1 : 0;
            table[word].acgt += code != 0 ? 1 : 0;
        }
    }
    return table;
}
constexpr CountTable count_table = make_count_table();

int kmer_number(std::span<std::uint8_t const> codes) {
    int number = 0;
    for (std::uint8_t const code : codes) {
        number = number * 5 + code;
    }
    return number;
}

std::string kmer_text(int number, int k) {
    std::string text(static_cast<std::size_t>(k), 'N');
    for (int place = k - 1; place >= 0; --place) {
        text[static_cast<std::size_t>(place)] = base_letters[static_cast<std::size_t>(number % 5)];
        number /= 5;
    }
    return text;
}

}  // namespace

std::string_view vocabulary_name(VocabularyKind kind) {
    return kind == VocabularyKind::fixed ? "fixed" : "dynamic";
}

VocabularyKind vocabulary_kind(std::string_view name) {
    DNAGPT_VALIDATE(name == "fixed" || name == "dynamic",
                    << "there is no vocabulary called '" << name
                    << "' (two exist); write \"fixed\" or \"dynamic\"");
    return name == "fixed" ? VocabularyKind::fixed : VocabularyKind::dynamic;
}

TokenId reserved_token(char letter) {
    auto const place = reserved_letters.find(letter);
    DNAGPT_VALIDATE(place != std::string_view::npos,
                    << "<" << letter << "> is no token (the 34 reserved tokens are one of "
                    << reserved_letters << "); correct the letter");
    return static_cast<TokenId>(place);
}

TokenId species_token(char letter) {
    DNAGPT_VALIDATE(species_letters.find(letter) != std::string_view::npos,
                    << "<" << letter
                    << "> cannot stand for a species (it is no letter token or has another "
                       "meaning); choose one of "
                    << species_letters);
    return reserved_token(letter);
}

TokenId Vocabulary::kmer_token(std::span<std::uint8_t const> codes) const {
    DNAGPT_EXPECT(!codes.empty() && codes.size() <= bases_per_word);
    if (codes.size() == bases_per_word) {
        return first_word_id() + kmer_number(codes);
    }
    return kind == VocabularyKind::fixed ? unknown_token
                                         : first_kmer_id[codes.size()] + kmer_number(codes);
}

std::string Vocabulary::token_text(TokenId id) const {
    DNAGPT_VALIDATE(id >= 0 && id < size(), << "token id " << id << " is out of range (the "
                                            << vocabulary_name(kind) << " vocabulary has " << size()
                                            << " tokens); use the vocabulary that made the ids");
    if (id < reserved_count) {
        return {'<', reserved_letters[static_cast<std::size_t>(id)], '>'};
    }
    if (is_word(id)) {
        return kmer_text(id - first_word_id(), bases_per_word);
    }
    int k = 1;
    while (id >= first_kmer_id[static_cast<std::size_t>(k) + 1]) {
        ++k;
    }
    return kmer_text(id - first_kmer_id[static_cast<std::size_t>(k)], k);
}

TokenId Vocabulary::token_id(std::string_view text) const {
    if (text.size() == 3 && text.front() == '<' && text.back() == '>') {
        return reserved_token(text[1]);
    }
    std::size_t const shortest = kind == VocabularyKind::fixed ? bases_per_word : 1;
    bool is_kmer = text.size() >= shortest && text.size() <= bases_per_word;
    std::vector<std::uint8_t> codes;
    for (char const letter : text) {
        auto const code = base_letters.find(letter);
        is_kmer = is_kmer && code != std::string_view::npos;
        codes.push_back(static_cast<std::uint8_t>(code));
    }
    DNAGPT_VALIDATE(is_kmer, << "'" << text << "' is no token of the " << vocabulary_name(kind)
                             << " vocabulary (it has <R> and the like, and words of " << shortest
                             << " to 6 of the letters N A G C T); correct the token");
    return kmer_token(codes);
}

std::span<WordCounts const, word_count> word_counts() {
    return count_table;
}

std::span<std::array<std::uint8_t, 8> const, word_count> word_bases() {
    return base_table;
}

bool word_has_n(std::uint16_t word) {
    DNAGPT_EXPECT(word < word_count);
    return count_table[word].acgt < bases_per_word;
}

std::span<std::uint16_t const> words_without_n() {
    static std::vector<std::uint16_t> const words = [] {
        std::vector<std::uint16_t> found;
        for (std::uint16_t word = 0; word < word_count; ++word) {
            if (!word_has_n(word)) {
                found.push_back(word);
            }
        }
        return found;
    }();
    return words;
}

}  // namespace dnagpt
