#include "dnagpt/eval/haplotype_generation.hpp"

#include <gtest/gtest.h>

namespace dnagpt {
namespace {

constexpr Vocabulary fixed{VocabularyKind::fixed};
constexpr Vocabulary dynamic{VocabularyKind::dynamic};

Discard discard_of(std::vector<std::string> const& tokens, Vocabulary vocabulary = fixed) {
    std::vector<TokenId> ids;
    for (std::string const& token : tokens) {
        ids.push_back(vocabulary.token_id(token));
    }
    return read_haplotype(ids, 8, vocabulary).discard;
}

TEST(ReadHaplotype, WordsBecomeAlleles) {
    std::vector<TokenId> const tokens = {fixed.token_id("AGAAGG"), fixed.token_id("GANNNN"),
                                         stop_token};
    DrawnHaplotype const drawn = read_haplotype(tokens, 8, fixed);
    EXPECT_EQ(drawn.discard, Discard::kept);
    EXPECT_EQ(drawn.alleles, (std::vector<std::uint8_t>{0, 1, 0, 0, 1, 1, 1, 0}));
}

TEST(ReadHaplotype, TheReasonForADiscardIsTold) {
    EXPECT_EQ(discard_of({"AGAAGG", "GANNNN", "AAAAAA"}), Discard::no_stop);
    EXPECT_EQ(discard_of({"AGAAGG", "<!>", "<!>"}), Discard::stop_elsewhere);
    EXPECT_EQ(discard_of({"AGACGG", "GANNNN", "<!>"}), Discard::other_word);
    EXPECT_EQ(discard_of({"AGANGG", "GANNNN", "<!>"}), Discard::other_word);
    EXPECT_EQ(discard_of({"AGAAGG", "GAANNN", "<!>"}), Discard::other_word);
    EXPECT_EQ(discard_of({"AGAAGG", "GNNNNN", "<!>"}), Discard::other_word);
    EXPECT_EQ(discard_of({"<R>", "GANNNN", "<!>"}), Discard::other_word);
}

TEST(ReadHaplotype, TheDynamicVocabularyEndsInAShorterWord) {
    EXPECT_EQ(discard_of({"AGAAGG", "GA", "<!>"}, dynamic), Discard::kept);
    EXPECT_EQ(discard_of({"AGAAGG", "GAG", "<!>"}, dynamic), Discard::other_word);
    EXPECT_EQ(discard_of({"AG", "AGAAGG", "<!>"}, dynamic), Discard::other_word);
}

}  // namespace
}  // namespace dnagpt
