#include "dnagpt/core/check.hpp"
#include "harness/message_of.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dnagpt {
namespace {

using testing::message_of;

TEST(Check, ExpectNamesConditionAndPlace) {
    std::string const text = message_of([] { DNAGPT_EXPECT(1 + 1 == 3); });
    EXPECT_NE(text.find("1 + 1 == 3"), std::string::npos);
    EXPECT_NE(text.find("check_test.cpp"), std::string::npos);
}

TEST(Check, ValidateCarriesTheMessage) {
    EXPECT_EQ(message_of([] { DNAGPT_VALIDATE(false, << "no file (" << 7 << "); give one"); }),
              "no file (7); give one");
    EXPECT_EQ(message_of([] { DNAGPT_VALIDATE(true, << "never"); }), "no error");
}

}  // namespace
}  // namespace dnagpt
