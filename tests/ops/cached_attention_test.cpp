#include "dnagpt/ops/cached_attention.hpp"

#include <gtest/gtest.h>

#include "dnagpt/ops/attention.hpp"
#include "harness/device_array.hpp"
#include "harness/gradient_check.hpp"
#include "ops_check.hpp"

namespace dnagpt::testing {
namespace {

constexpr std::int64_t rows = 2;
constexpr std::int64_t length = 7;
constexpr std::int64_t heads = 3;

/// Of a head: less than a CPU's lanes, as many, and more with a remainder.
class CachedAttention : public ::testing::TestWithParam<std::int64_t> {
  protected:
    std::int64_t channels() const { return heads * GetParam(); }
    std::vector<double> const qkv_ = random_values(rows * length * 3 * heads * GetParam(), 5);

    template <class T>
    std::vector<double> at_once() const {
        Context context = make_context();
        DeviceArray<T> const operand(rounded<T>(qkv_));
        DeviceArray<T> const output(rows * length * channels());
        DeviceArray<accum_t<T>> const log_sum_exp(rows * length * heads);
        attention_forward<T>(context, {rows, length, heads, GetParam()},
                             operand.matrix(rows * length, 3 * channels()),
                             output.matrix(rows * length, channels()), log_sum_exp.vector());
        return as_double(output.host());
    }

    /// The qkv of position `t` of each row.
    std::vector<double> step(std::int64_t t) const {
        std::vector<double> values;
        std::int64_t const width = 3 * channels();
        for (std::int64_t row = 0; row < rows; ++row) {
            auto const first = qkv_.begin() + (row * length + t) * width;
            values.insert(values.end(), first, first + width);
        }
        return values;
    }

    /// Output of all positions, read one by one.
    template <class T>
    std::vector<double> one_by_one() const {
        Context context = make_context();
        CacheShape const shape{rows, length, heads, GetParam()};
        DeviceArray<T> const keys(rows * length * channels());
        DeviceArray<T> const values(rows * length * channels());
        std::vector<double> all(static_cast<std::size_t>(rows * length * channels()));
        for (std::int64_t t = 0; t < length; ++t) {
            DeviceArray<T> const qkv(rounded<T>(step(t)));
            DeviceArray<std::int32_t> const at(
                std::vector<std::int32_t>(rows, static_cast<std::int32_t>(t)));
            DeviceArray<T> const output(rows * channels());
            cached_attention_forward<T>(context, shape, qkv.matrix(rows, 3 * channels()),
                                        at.vector(), keys.matrix(rows * heads * length, GetParam()),
                                        values.matrix(rows * heads * length, GetParam()),
                                        output.matrix(rows, channels()));
            auto const some = as_double(output.host());
            for (std::int64_t row = 0; row < rows; ++row) {
                std::copy_n(some.begin() + row * channels(), channels(),
                            all.begin() + (row * length + t) * channels());
            }
        }
        return all;
    }

    template <class T>
    void expect_same(double bound) const {
        auto const expected = at_once<T>();
        auto const actual = one_by_one<T>();
        ASSERT_EQ(actual.size(), expected.size());
        for (std::size_t i = 0; i < actual.size(); ++i) {
            ASSERT_NEAR(actual[i], expected[i], bound) << "element " << i;
        }
    }
};

#if defined(DNAGPT_HAVE_DOUBLE)
TEST_P(CachedAttention, GivesWhatAttentionGives) {
    expect_same<double>(1e-13);
}
#endif

TEST_P(CachedAttention, NarrowTypesAgreeWithinTheirRounding) {
    // Means of values below 4; attention_forward rounds its weights to T, too.
    double const depth = static_cast<double>(GetParam() + length);
    expect_same<float>(2 * tolerance<float>(4, depth));
    expect_same<bf16>(2 * tolerance<bf16>(4, depth));
}

INSTANTIATE_TEST_SUITE_P(HeadDimensions, CachedAttention, ::testing::Values(4, 32, 72));

}  // namespace
}  // namespace dnagpt::testing
