#include "dnagpt/genome/token_category.hpp"

#include <gtest/gtest.h>

#include <map>

namespace dnagpt {
namespace {

std::map<std::string, int> counts_of(VocabularyKind kind) {
    Vocabulary const vocabulary{kind};
    std::map<std::string, int> counts;
    for (TokenId id = 0; id < vocabulary.size(); ++id) {
        ++counts[token_category(id, vocabulary)];
    }
    return counts;
}

TEST(TokenCategory, EveryTokenOfTheFixedVocabularyHasOne) {
    std::map<std::string, int> const expected = {{"discrete", 15'625},
                                                 {"true/false", 2},
                                                 {"instruction", 2},
                                                 {"connection", 2},
                                                 {"reserved", 28}};
    EXPECT_EQ(counts_of(VocabularyKind::fixed), expected);
}

TEST(TokenCategory, TheDynamicVocabularyAnswersWithWords) {
    Vocabulary const dynamic{VocabularyKind::dynamic};
    EXPECT_EQ(token_category(dynamic.token_id("N"), dynamic), "discrete, true/false");
    EXPECT_EQ(token_category(dynamic.token_id("A"), dynamic), "discrete, true/false");
    EXPECT_EQ(token_category(dynamic.token_id("<Y>"), dynamic), "reserved");
    std::map<std::string, int> const expected = {{"discrete", 19'528},
                                                 {"discrete, true/false", 2},
                                                 {"instruction", 2},
                                                 {"connection", 2},
                                                 {"reserved", 30}};
    EXPECT_EQ(counts_of(VocabularyKind::dynamic), expected);
}

}  // namespace
}  // namespace dnagpt
