#include "dnagpt/device/arena.hpp"

#include <gtest/gtest.h>

#include <cstdint>

#include "dnagpt/core/bf16.hpp"

namespace dnagpt {
namespace {

std::int64_t lay_out(Arena& arena) {
    arena.vector<float>(3);
    {
        ArenaScope const scope(arena);
        arena.matrix<double>(100, 7);
    }
    arena.vector<bf16>(1);
    return arena.high_water();
}

TEST(Arena, CountingGivesTheSizeThatTheSameCodeTakes) {
    Arena counting;
    std::int64_t const bytes = lay_out(counting);
    EXPECT_TRUE(counting.counting());
    EXPECT_EQ(bytes, 512 + 100 * 7 * 8 / 512 * 512 + 512);
    Arena arena(bytes);
    EXPECT_EQ(lay_out(arena), bytes);
}

TEST(Arena, ArraysAreAlignedAndDoNotOverlap) {
    Arena arena(4096);
    auto const first = arena.vector<float>(129);
    auto const second = arena.matrix<float>(2, 3);
    auto const start = reinterpret_cast<std::uintptr_t>(first.data());
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(second.data()), start + 1024);
    EXPECT_EQ(rows_of(second), 2);
    EXPECT_EQ(columns_of(second), 3);
}

TEST(Arena, AScopeGivesBackWhatItTook) {
    Arena arena(1024);
    float* taken = nullptr;
    for (int i = 0; i < 3; ++i) {
        ArenaScope const scope(arena);
        auto const array = arena.vector<float>(200);
        EXPECT_TRUE(taken == nullptr || taken == array.data());
        taken = array.data();
    }
    EXPECT_EQ(arena.mark(), 0);
    EXPECT_EQ(arena.high_water(), 1024);
}

}  // namespace
}  // namespace dnagpt
