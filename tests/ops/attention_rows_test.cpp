#include "dnagpt/ops/attention_rows.hpp"

#include <gtest/gtest.h>

#include "harness/device_array.hpp"
#include "harness/gradient_check.hpp"
#include "ops_check.hpp"

namespace dnagpt::testing {
namespace {

constexpr AttentionShape shape{2, 11, 3, 4};
constexpr std::int64_t channels = 12;
std::vector<std::int32_t> const queries = {0, 10, 11, 17, 21};

template <class T>
std::vector<double> rows_in(std::vector<double> const& qkv) {
    DeviceArray<T> const operand(rounded<T>(qkv));
    DeviceArray<std::int32_t> const at(queries);
    auto const count = std::ssize(queries) * shape.heads;
    DeviceArray<float> const rows(count * shape.context_length);
    attention_rows<T>(shape, operand.matrix(shape.batch * shape.context_length, 3 * channels),
                      at.vector(), rows.matrix(count, shape.context_length));
    return as_double(rows.host());
}

/// What attention_forward makes of the same qkv.
template <class T>
std::vector<double> attended_in(std::vector<double> const& qkv) {
    std::int64_t const positions = shape.batch * shape.context_length;
    Context context = make_context();
    DeviceArray<T> const operand(rounded<T>(qkv));
    DeviceArray<T> const output(positions * channels);
    DeviceArray<accum_t<T>> const log_sum_exp(positions * shape.heads);
    attention_forward<T>(context, shape, operand.matrix(positions, 3 * channels),
                         output.matrix(positions, channels), log_sum_exp.vector());
    return as_double(output.host());
}

template <class T>
void expect_weights_of_attention(double bound) {
    auto const qkv = random_values(shape.batch * shape.context_length * 3 * channels, 5);
    auto const rows = rows_in<T>(qkv);
    auto const attended = attended_in<T>(qkv);
    for (std::size_t n = 0; n < queries.size(); ++n) {
        std::int64_t const query = queries[n];
        std::int64_t const first = query / shape.context_length * shape.context_length;
        for (std::int64_t channel = 0; channel < channels; ++channel) {
            std::int64_t const head = channel / shape.head_dimension;
            double const* const row =
                rows.data() +
                (static_cast<std::int64_t>(n) * shape.heads + head) * shape.context_length;
            double sum = 0;
            double value = 0;
            for (std::int64_t t = 0; t < shape.context_length; ++t) {
                EXPECT_TRUE(first + t <= query || row[t] == 0);
                sum += row[t];
                value += row[t] * qkv[static_cast<std::size_t>(3 * (first + t) * channels +
                                                               2 * channels + channel)];
            }
            EXPECT_NEAR(sum, 1, 1e-6);
            EXPECT_NEAR(value, attended[static_cast<std::size_t>(query * channels + channel)],
                        bound);
        }
    }
}

#if defined(DNAGPT_HAVE_DOUBLE)
TEST(AttentionRows, SumToOneAndGiveTheOutputOfAttention) {
    expect_weights_of_attention<double>(1e-6);
}
#endif

TEST(AttentionRows, NarrowTypesAgreeWithinTheirRounding) {
    expect_weights_of_attention<float>(1e-5);
    expect_weights_of_attention<bf16>(0.05);
}

}  // namespace
}  // namespace dnagpt::testing
