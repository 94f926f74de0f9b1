#include "dnagpt/device/upload.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <vector>

#include "dnagpt/core/check.hpp"

namespace dnagpt {
namespace {

std::vector<std::int32_t> numbers(std::int32_t first, std::size_t count) {
    std::vector<std::int32_t> values(count);
    std::iota(values.begin(), values.end(), first);
    return values;
}

std::vector<std::int32_t> host(Vector<std::int32_t> const& values) {
    return to_host(values.data(), rows_of(values));
}

TEST(Upload, ListsStandOneBehindTheOther) {
    Upload<std::int32_t> upload("lists", 10);
    upload.clear();
    auto const first = upload.append(numbers(1, 3));
    auto const none = upload.append({});
    auto const second = upload.append(numbers(50, 7));
    upload.send();
    EXPECT_EQ(host(first), numbers(1, 3));
    EXPECT_EQ(rows_of(none), 0);
    EXPECT_EQ(host(second), numbers(50, 7));
}

TEST(Upload, ManyInTurnReplaceEachOther) {
    constexpr std::size_t count = 100000;
    Upload<std::int32_t> upload("lists", count);
    for (std::int32_t turn = 0; turn < 5; ++turn) {
        upload.clear();
        auto const values = upload.append(numbers(turn, count - static_cast<std::size_t>(turn)));
        upload.send();
        if (turn % 2 == 0) {
            ASSERT_EQ(host(values), numbers(turn, count - static_cast<std::size_t>(turn)));
        }
    }
}

TEST(Upload, HoldsNoMoreThanItsCapacity) {
    Upload<std::int32_t> upload("lists", 4);
    upload.clear();
    upload.append(numbers(0, 3));
    EXPECT_THROW(upload.append(numbers(0, 2)), Error);
}

}  // namespace
}  // namespace dnagpt
