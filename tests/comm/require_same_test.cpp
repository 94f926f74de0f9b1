#include "dnagpt/comm/require_same.hpp"

#include <gtest/gtest.h>

#include <string>

#include "harness/message_of.hpp"
#include "harness/mpi_verdict.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::world;

TEST(RequireSame, EqualTextsPass) {
    EXPECT_EQ(message_of([] { require_same(world(), "setting", "a\nb\n", "advice"); }), "no error");
}

TEST(RequireSame, TheLastRankDiffersInItsSecondLine) {
    int const last = world().size() - 1;
    std::string const text = last > 0 && world().rank() == last ? "a\nc\n" : "a\nb\n";
    std::string const message =
        message_of([&] { require_same(world(), "setting", text, "give all the same"); });
    std::string const expected = "rank " + std::to_string(last) +
                                 " has another setting than rank 0 (\"c\" instead of \"b\"); give "
                                 "all the same";
    EXPECT_EQ(message, last > 0 ? expected : "no error");
}

TEST(RequireSame, AMissingEndIsADifferenceToo) {
    bool const shorter = world().rank() == 1;
    std::string const message = message_of(
        [&] { require_same(world(), "setting", shorter ? "a" : "a\n", "give all the same"); });
    EXPECT_EQ(message == "no error", world().size() == 1) << message;
}

}  // namespace
}  // namespace dnagpt
