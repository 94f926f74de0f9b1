// The longest record that data prep promises: 250 Mbp in 512 MiB.
#include <gtest/gtest.h>

#include "data/prep_program.hpp"

namespace dnagpt {
namespace {

TEST(LongRecord, MemoryStaysBoundedAt250Mbp) {
    auto const outcome = testing::shard_one_record(250'000'000 / 60);
    EXPECT_EQ(outcome.code, 0) << outcome.output;
    EXPECT_LT(testing::children_peak(), 512);
}

}  // namespace
}  // namespace dnagpt
