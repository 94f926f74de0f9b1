#include "dnagpt/genome/strand.hpp"

#include <gtest/gtest.h>

#include "harness/message_of.hpp"

namespace dnagpt {
namespace {

TEST(Strand, HasAName) {
    for (Strand const strand : {Strand::forward, Strand::reverse, Strand::both}) {
        EXPECT_EQ(strand_called(std::string(strand_name(strand))), strand);
    }
    EXPECT_NE(testing::message_of([] { strand_called("plus"); }).find("'plus' is no strand"),
              std::string::npos);
}

TEST(Strand, BothIsReadTwice) {
    EXPECT_EQ(reversals(Strand::forward), (std::vector<bool>{false}));
    EXPECT_EQ(reversals(Strand::reverse), (std::vector<bool>{true}));
    EXPECT_EQ(reversals(Strand::both), (std::vector<bool>{false, true}));
}

}  // namespace
}  // namespace dnagpt
