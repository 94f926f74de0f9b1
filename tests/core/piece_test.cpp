#include "dnagpt/core/piece.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "harness/message_of.hpp"

namespace dnagpt {
namespace {

using testing::message_of;

TEST(Piece, IsWrittenLikeAFraction) {
    Piece const piece = piece_from("2/8");
    EXPECT_EQ(std::pair(piece.number, piece.count), std::pair(std::int64_t{2}, std::int64_t{8}));
    for (char const* const text : {"", "2", "0/8", "9/8", "-1/8", "1/x", "1/8/2"}) {
        EXPECT_NE(message_of([&] { piece_from(text); }).find("is no piece of an array"),
                  std::string::npos)
            << text;
    }
}

}  // namespace
}  // namespace dnagpt
