#include "dnagpt/core/hash.hpp"

#include <gtest/gtest.h>

namespace dnagpt {
namespace {

/// The empty input's digest is published with XXH3: the format must not drift.
TEST(Hash, IsXxh3) {
    EXPECT_EQ(hash_text(""), 0x2d06800538d394c2ULL);
    EXPECT_EQ(hash_to_hex(hash_text("")), "2d06800538d394c2");
}

TEST(Hash, DependsOnEveryByteAndTheSeed) {
    EXPECT_NE(hash_text("ACGT"), hash_text("ACGA"));
    EXPECT_NE(hash_text("ACGT"), hash_text("ACGT", 1));
}

}  // namespace
}  // namespace dnagpt
