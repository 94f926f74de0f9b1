#include "dnagpt/ops/elementwise.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "harness/device_array.hpp"
#include "harness/gradient_check.hpp"
#include "ops_check.hpp"

namespace dnagpt::testing {
namespace {

template <class T>
void expect_filled(T value) {
    Context context = make_context();
    for (std::int64_t const count : {1, 31, 33, 1025, 9001}) {
        DeviceArray<T> const values(count + 1);
        fill(context, Vector<T>(values.vector().data(), static_cast<std::size_t>(count)), value);
        auto const host = values.host();
        for (std::int64_t i = 0; i < count; ++i) {
            ASSERT_EQ(host[static_cast<std::size_t>(i)], value);
        }
        EXPECT_EQ(host.back(), T{}) << "the element behind the end";
    }
}

TEST(Elementwise, Fill) {
    expect_filled(bf16(3.0F));
    expect_filled(-2.5F);
    expect_filled(1e-300);
    expect_filled(std::int32_t{-7});
}

TEST(Elementwise, Multiply) {
    Context context = make_context();
    DeviceArray<float> const factors(std::vector<float>{2, -0.5F, 0});
    DeviceArray<float> const values(std::vector<float>{3, 3, 3});
    DeviceArray<double> const wide(std::vector<double>{1e300, 4, 5});
    multiply(context, factors.vector(), values.vector());
    multiply(context, factors.vector(), wide.vector());
    EXPECT_EQ(values.host(), (std::vector<float>{6, -1.5F, 0}));
    EXPECT_EQ(wide.host(), (std::vector<double>{2e300, -2, 0}));
}

template <class From, class To>
void expect_converted() {
    Context context = make_context();
    for (std::int64_t const count : {0, 1, 31, 33, 1025, 9001}) {
        auto const source = rounded<From>(random_values(count, 8));
        DeviceArray<From> const from(source);
        DeviceArray<To> const to(count);
        convert(context, from.vector(), to.vector());
        EXPECT_EQ(as_double(to.host()), as_double(rounded<To>(as_double(source))));
    }
}

TEST(Elementwise, ConvertRoundsLikeTheHost) {
    expect_converted<float, bf16>();
    expect_converted<bf16, float>();
    expect_converted<float, float>();
    expect_converted<double, float>();
    expect_converted<float, double>();
    expect_converted<double, bf16>();
    expect_converted<bf16, double>();
}

TEST(Elementwise, ConvertRoundsTiesToEven) {
    Context context = make_context();
    // Between 1 and 1 + 2^-7, and between 1 + 2^-7 and 1 + 2^-6.
    DeviceArray<float> const from(std::vector<float>{1 + 0x1p-8F, 1 + 0x1.8p-7F});
    DeviceArray<bf16> const to(2);
    convert(context, from.vector(), to.vector());
    EXPECT_EQ(as_double(to.host()), (std::vector<double>{1, 1 + 0x1p-6}));
}

TEST(Elementwise, ConvertRefusesUnequalLengths) {
    Context context = make_context();
    DeviceArray<float> const from(3);
    DeviceArray<bf16> const to(2);
    EXPECT_THROW(convert(context, from.vector(), to.vector()), Error);
}

}  // namespace
}  // namespace dnagpt::testing
