#include "dnagpt/train/injection.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "harness/device_test_session.hpp"
#include "harness/message_of.hpp"
#include "harness/mpi_verdict.hpp"

namespace dnagpt {
namespace {

using testing::message_of;
using testing::world;

/// DNAGPT_INJECT as long as it lives.
class Variable {
  public:
    explicit Variable(char const* text) { ::setenv("DNAGPT_INJECT", text, 1); }
    ~Variable() { ::unsetenv("DNAGPT_INJECT"); }
    Variable(Variable const&) = delete;
    Variable& operator=(Variable const&) = delete;
};

TEST(Injection, ReadsFaultRankAndStep) {
    auto const faults = read_injections("nan@120,rank1:exit@200,slow@300");
    ASSERT_EQ(faults.size(), 3U);
    EXPECT_EQ(faults[0].fault, Fault::nan);
    EXPECT_EQ(faults[0].rank, -1);
    EXPECT_EQ(faults[0].step, 120);
    EXPECT_EQ(faults[1].fault, Fault::exit);
    EXPECT_EQ(faults[1].rank, 1);
    EXPECT_EQ(faults[2].fault, Fault::slow);
    EXPECT_EQ(faults[2].step, 300);
    EXPECT_TRUE(read_injections("").empty());
}

TEST(Injection, NamesWhatItDoesNotUnderstand) {
    for (std::string const text : {"nan", "nan@", "nan@0", "nan@-1", "nan@1x", "crash@3", "@3",
                                   "rank:nan@3", "rank1nan@3", "rankx:nan@3", "nan@3,,nan@4"}) {
        std::string const message = message_of([&] { read_injections(text); });
        EXPECT_NE(message.find("which is no fault"), std::string::npos) << text << ": " << message;
    }
}

TEST(Injection, EachFaultComesOnceAtItsStepOnItsRank) {
    Variable const variable("nan@5,nan@5,rank1:nan@7");
    Injection injection(world());
    EXPECT_FALSE(injection.take(Fault::nan, 4).anywhere);
    EXPECT_FALSE(injection.take(Fault::weight, 5).anywhere);
    for (int time = 0; time < 2; ++time) {
        EXPECT_TRUE(injection.take(Fault::nan, 5).here);
    }
    EXPECT_FALSE(injection.take(Fault::nan, 5).anywhere);
    auto const due = injection.take(Fault::nan, 7);
    EXPECT_TRUE(due.anywhere);
    EXPECT_EQ(due.here, world().rank() == 1);
}

TEST(Injection, RankZerosVariableCountsOnAllRanks) {
    if (world().rank() == 0) {
        ::setenv("DNAGPT_INJECT", "nan@5", 1);
    }
    Injection injection(world());
    ::unsetenv("DNAGPT_INJECT");
    EXPECT_TRUE(injection.take(Fault::nan, 5).here);
}

TEST(Injection, AFailureIsAnError) {
    Variable const variable("fail@2");
    Injection injection(world());
    injection.disturb(1);
    EXPECT_NE(message_of([&] { injection.disturb(2); }).find("injected failure at step 2"),
              std::string::npos);
    injection.disturb(2);
}

}  // namespace
}  // namespace dnagpt
