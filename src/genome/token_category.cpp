#include "dnagpt/genome/token_category.hpp"

#include "dnagpt/core/check.hpp"

namespace dnagpt {

std::string token_category(TokenId id, Vocabulary vocabulary) {
    DNAGPT_EXPECT(id >= 0 && id < vocabulary.size());
    bool const answer = id == vocabulary.true_word() || id == vocabulary.false_word();
    if (id >= reserved_count) {
        return answer ? "discrete, true/false" : "discrete";
    }
    if (answer) {
        return "true/false";
    }
    if (id == m_token || id == b_token) {
        return "instruction";
    }
    return id == plus_token || id == equals_token ? "connection" : "reserved";
}

}  // namespace dnagpt
