#include "dnagpt/core/parse_number.hpp"

#include <gtest/gtest.h>

namespace dnagpt {
namespace {

TEST(ParseWholeNumber, TakesDecimalNumbersAndNothingElse) {
    EXPECT_EQ(parse_whole_number("0"), 0);
    EXPECT_EQ(parse_whole_number("00001000"), 1000);
    EXPECT_EQ(parse_whole_number("9223372036854775807"), 9223372036854775807);
    for (char const* text : {"", "-1", "+1", " 1", "1 ", "1.5", "0x1", "9223372036854775808"}) {
        EXPECT_FALSE(parse_whole_number(text)) << text;
    }
}

}  // namespace
}  // namespace dnagpt
