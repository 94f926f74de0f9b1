#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dnagpt/comm/device_collectives.hpp"
#include "dnagpt/core/random.hpp"
#include "harness/mpi_verdict.hpp"

namespace dnagpt::testing {

/// What every DeviceCollectives must do. Array<T> holds values where it reads them: made from a
/// vector, with data() and host().

template <template <class> class Array>
void expect_reduce_scatter(DeviceCollectives& collectives) {
    std::int64_t const count = 5;
    auto const n = static_cast<std::size_t>(world().size());
    std::vector<float> values(n * count);
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<float>(i) * static_cast<float>(world().rank() + 1);
    }
    Array<float> const operand(values);
    Array<float> const result(std::vector<float>(count, -1.0F));
    collectives.reduce_scatter({}, operand.data(), result.data(), count);
    collectives.join({});
    collectives.wait({});
    auto const slice = result.host();
    float const ranks = static_cast<float>(n * (n + 1)) / 2.0F;
    for (std::size_t i = 0; i < slice.size(); ++i) {
        std::size_t const at = static_cast<std::size_t>(world().rank()) * count + i;
        EXPECT_EQ(slice[i], static_cast<float>(at) * ranks);
    }
}

/// Small whole numbers, so that no order of the additions rounds.
inline float whole_number(std::size_t rank, std::size_t i) {
    return static_cast<float>(random_below(5 + rank, i, 1000));
}

template <template <class> class Array>
void expect_many_sums_apart(DeviceCollectives& collectives) {
    auto const ranks = static_cast<std::size_t>(world().size());
    std::size_t const lengths[] = {1, 300000, 7, (std::size_t{1} << 19) + 3, 128, 1};
    std::vector<Array<float>> operands;
    std::vector<Array<float>> results;
    for (std::size_t turn = 0; turn < 6; ++turn) {
        std::vector<float> values(ranks * lengths[turn]);
        for (std::size_t i = 0; i < values.size(); ++i) {
            values[i] = whole_number(static_cast<std::size_t>(world().rank()), turn + 6 * i);
        }
        operands.emplace_back(values);
        results.emplace_back(std::vector<float>(lengths[turn]));
        collectives.reduce_scatter({}, operands.back().data(), results.back().data(),
                                   static_cast<std::int64_t>(lengths[turn]));
    }
    collectives.join({});
    collectives.wait({});
    for (std::size_t turn = 0; turn < 6; ++turn) {
        auto const slice = results[turn].host();
        for (std::size_t i = 0; i < slice.size(); ++i) {
            std::size_t const at = static_cast<std::size_t>(world().rank()) * slice.size() + i;
            float sum = 0;
            for (std::size_t rank = 0; rank < ranks; ++rank) {
                sum += whole_number(rank, turn + 6 * at);
            }
            ASSERT_EQ(slice[i], sum) << "turn " << turn << " element " << i;
        }
    }
}

template <template <class> class Array>
void expect_all_gather(DeviceCollectives& collectives) {
    std::vector<std::int32_t> values(static_cast<std::size_t>(world().size()) * 3, -1);
    for (std::size_t i = 0; i < 3; ++i) {
        values[static_cast<std::size_t>(world().rank()) * 3 + i] = world().rank();
    }
    Array<std::int32_t> const gathered(values);
    collectives.all_gather_in_place({}, gathered.data(), 3 * sizeof(std::int32_t));
    collectives.join({});
    collectives.wait({});
    auto const all = gathered.host();
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(all[i], static_cast<std::int32_t>(i / 3));
    }
}

template <template <class> class Array>
void expect_all_reduce(DeviceCollectives& collectives) {
    Array<double> const values(std::vector<double>{1.0, static_cast<double>(world().rank())});
    collectives.all_reduce_sum({}, values.data(), 2);
    collectives.join({});
    collectives.wait({});
    auto const sums = values.host();
    EXPECT_EQ(sums[0], world().size());
    EXPECT_EQ(sums[1], world().size() * (world().size() - 1) / 2);
}

}  // namespace dnagpt::testing
