#include "dnagpt/ops/row_means.hpp"

#include <gtest/gtest.h>

#include "harness/device_array.hpp"
#include "harness/gradient_check.hpp"
#include "ops_check.hpp"

namespace dnagpt::testing {
namespace {

constexpr std::int64_t channels = 5;
std::vector<std::int32_t> const starts = {0, 1, 4, 6};
std::vector<std::int32_t> const places = {3, 0, 2, 6, 6, 1};

template <class T>
void expect_means() {
    auto const source = as_double(rounded<T>(random_values(7 * channels, 3)));
    std::vector<double> expected(3 * channels, 0);
    for (std::size_t row = 0; row < 3; ++row) {
        double const count = starts[row + 1] - starts[row];
        for (auto i = starts[row]; i < starts[row + 1]; ++i) {
            for (std::size_t c = 0; c < channels; ++c) {
                auto const place = static_cast<std::size_t>(places[static_cast<std::size_t>(i)]);
                expected[row * channels + c] += source[place * channels + c] / count;
            }
        }
    }
    DeviceArray<T> const in(rounded<T>(source));
    DeviceArray<std::int32_t> const begin(starts);
    DeviceArray<std::int32_t> const place(places);
    DeviceArray<float> const out(3 * channels);
    row_means<T>(in.matrix(7, channels), begin.vector(), place.vector(), out.matrix(3, channels));
    expect_all_near(out.host(), expected, tolerance<float>(largest_magnitude(source), 3), "mean");
}

TEST(RowMeans, AreThoseOfTheListedRows) {
    expect_means<float>();
    expect_means<bf16>();
#if defined(DNAGPT_HAVE_DOUBLE)
    expect_means<double>();
#endif
}

}  // namespace
}  // namespace dnagpt::testing
