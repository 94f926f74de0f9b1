#include "dnagpt/ops/reduction.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "harness/device_array.hpp"
#include "harness/gradient_check.hpp"
#include "ops_check.hpp"

namespace dnagpt::testing {
namespace {

using Values = std::vector<double>;

constexpr std::int64_t lengths[] = {0, 1, 31, 33, 1025, 4096, 4097, 100'001};

TEST(Reduction, SumsAreAdded) {
    Context context = make_context(reduction_scratch_bytes);
    DeviceArray<double> const sum(Values{10});
    DeviceArray<double> const values(Values{1, -2, 4.5});
    add_sum(context, values.vector(), sum.vector());
    EXPECT_EQ(sum.host(), Values{13.5});
    add_sum_of_squares(context, values.vector(), sum.vector());
    EXPECT_EQ(sum.host(), Values{13.5 + 1 + 4 + 20.25});
}

TEST(Reduction, SumOfAnyLength) {
    Context context = make_context(reduction_scratch_bytes);
    for (std::int64_t const length : lengths) {
        Values values;
        for (std::int64_t i = 0; i < length; ++i) {
            values.push_back(static_cast<double>(i));
        }
        DeviceArray<double> const device(values);
        DeviceArray<double> const sum(1);
        add_sum(context, device.vector(), sum.vector());
        // Whole numbers: every order gives the exact sum.
        EXPECT_EQ(sum.host()[0], static_cast<double>(length * (length - 1) / 2)) << length;
    }
}

template <class T>
void expect_squares_near(std::int64_t length) {
    Context context = make_context(reduction_scratch_bytes);
    auto const values = rounded<T>(random_values(length, 4));
    auto const exact = dot(as_double(values), as_double(values));
    DeviceArray<T> const device(values);
    DeviceArray<double> const sum(1);
    add_sum_of_squares(context, device.vector(), sum.vector());
    EXPECT_NEAR(sum.host()[0], exact,
                static_cast<double>(length) * unit_roundoff<double>() * exact);
    DeviceArray<double> const again(1);
    add_sum_of_squares(context, device.vector(), again.vector());
    EXPECT_EQ(sum.host(), again.host());
}

TEST(Reduction, SumOfSquaresIsTakenInDouble) {
    for (std::int64_t const length : lengths) {
        expect_squares_near<bf16>(length);
        expect_squares_near<float>(length);
        expect_squares_near<double>(length);
    }
}

TEST(Reduction, BlocksNeverExceedTheirScratch) {
    Context context = make_context(reduction_scratch_bytes);
    DeviceArray<bf16> const many(std::int64_t{4096} * reduction_blocks + 1);
    DeviceArray<double> const sum(1);
    add_sum_of_squares(context, many.vector(), sum.vector());
    EXPECT_EQ(sum.host()[0], 0);
    EXPECT_LE(context.scratch.high_water(), reduction_scratch_bytes);
}

template <class T>
void expect_non_finite_counted() {
    Context context = make_context(reduction_scratch_bytes);
    constexpr double infinity = std::numeric_limits<double>::infinity();
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    for (std::int64_t const length : lengths) {
        auto values = random_values(length, 5);
        double expected = 0;
        for (std::size_t i = 0; i < values.size(); i += 1000) {
            values[i] = i % 3000 == 0 ? nan : (i % 3000 == 1000 ? infinity : -infinity);
            ++expected;
        }
        DeviceArray<T> const device(rounded<T>(values));
        DeviceArray<double> const count(1);
        count_non_finite(context, device.vector(), count.vector());
        EXPECT_EQ(count.host()[0], expected) << length;
        count_non_finite(context, device.vector(), count.vector());
        EXPECT_EQ(count.host()[0], 2 * expected) << "added";
    }
}

TEST(Reduction, NonFiniteValuesAreCounted) {
    expect_non_finite_counted<bf16>();
    expect_non_finite_counted<float>();
    expect_non_finite_counted<double>();
}

TEST(Reduction, LargeAndTinyNumbersAreFinite) {
    Context context = make_context(reduction_scratch_bytes);
    DeviceArray<float> const values(std::vector<float>{std::numeric_limits<float>::max(),
                                                       std::numeric_limits<float>::lowest(),
                                                       std::numeric_limits<float>::denorm_min()});
    DeviceArray<double> const count(1);
    count_non_finite(context, values.vector(), count.vector());
    EXPECT_EQ(count.host()[0], 0);
}

TEST(Reduction, SumOfSquaresOfANanIsNotFinite) {
    Context context = make_context(reduction_scratch_bytes);
    std::vector<float> values(5000, 1.0F);
    values[4500] = std::numeric_limits<float>::quiet_NaN();
    DeviceArray<float> const device(values);
    DeviceArray<double> const sum(1);
    add_sum_of_squares(context, device.vector(), sum.vector());
    EXPECT_FALSE(std::isfinite(sum.host()[0]));
}

}  // namespace
}  // namespace dnagpt::testing
