#include "dnagpt/ops/grouped_log_sums.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "harness/device_array.hpp"
#include "harness/gradient_check.hpp"
#include "ops_check.hpp"

namespace dnagpt::testing {
namespace {

using Values = std::vector<double>;

template <class T>
Values run(Values const& logits, std::int64_t rows, std::vector<std::int32_t> const& members,
           std::int64_t groups) {
    auto context = make_context();
    auto const columns = static_cast<std::int64_t>(logits.size()) / rows;
    auto const size = static_cast<std::int64_t>(members.size()) / groups;
    DeviceArray<T> const values(rounded<T>(logits));
    DeviceArray<std::int32_t> const columns_of_groups(members);
    DeviceArray<double> const sums(Values(static_cast<std::size_t>(rows * groups), 99));
    grouped_log_sums(context, values.matrix(rows, columns), columns_of_groups.matrix(groups, size),
                     sums.matrix(rows, groups));
    return sums.host();
}

TEST(GroupedLogSums, OracleByHand) {
    // Groups {0, 3} and {1, 1} of exp: 1, 2, 4, 8 and of one value far from 0.
    Values const logits{0, std::log(2), std::log(4), std::log(8), 500, 500, 500, 500};
    expect_all_near(run<float>(logits, 2, {0, 3, 1, 1}, 2),
                    {std::log(9), std::log(4), 500 + std::log(2), 500 + std::log(2)}, 1e-4, "sums");
}

TEST(GroupedLogSums, LikeTheSumOfEachColumn) {
    constexpr std::int64_t rows = 7;
    constexpr std::int64_t columns = 90;
    Values const logits = as_double(rounded<bf16>(random_values(rows * columns, 3, 4)));
    std::vector<std::int32_t> members;
    for (std::int32_t i = 0; i < 40; ++i) {
        members.push_back(i * 53 % 90);
    }
    Values expected;
    for (std::int64_t row = 0; row < rows; ++row) {
        for (std::size_t group = 0; group < 4; ++group) {
            double sum = 0;
            for (std::size_t i = 10 * group; i < 10 * (group + 1); ++i) {
                sum += std::exp(logits[static_cast<std::size_t>(row * columns + members[i])]);
            }
            expected.push_back(std::log(sum));
        }
    }
    expect_all_near(run<bf16>(logits, rows, members, 4), expected, 1e-5, "bf16");
    expect_all_near(run<float>(logits, rows, members, 4), expected, 1e-5, "float");
    expect_all_near(run<double>(logits, rows, members, 4), expected, 1e-12, "double");
}

}  // namespace
}  // namespace dnagpt::testing
