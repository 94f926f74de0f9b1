#include "dnagpt/device/buffer.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <utility>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "harness/message_of.hpp"

namespace dnagpt {
namespace {

TEST(Buffer, BeginsWithZerosAndHoldsWhatIsCopied) {
    Buffer<float> const buffer("numbers", 1000);
    EXPECT_EQ(to_host(buffer.data(), buffer.size()), std::vector<float>(1000, 0.0F));
    std::vector<float> values(1000);
    std::iota(values.begin(), values.end(), 1.0F);
    copy_to_device(values.data(), buffer.data(), buffer.size());
    EXPECT_EQ(to_host(buffer.data() + 10, 2), (std::vector<float>{11.0F, 12.0F}));
}

TEST(Buffer, MovesAndMayBeEmpty) {
    Buffer<double> from("numbers", 5);
    double* const data = from.data();
    Buffer<double> to;
    to = std::move(from);
    EXPECT_EQ(to.data(), data);
    EXPECT_EQ(to.size(), 5);
    Buffer<double> const none("nothing", 0);
    EXPECT_EQ(none.size(), 0);
}

TEST(Buffer, ThePeakIsWhatWasHeldAtOnce) {
    std::int64_t const before = peak_buffer_bytes();
    constexpr std::int64_t count = 1 << 20;
    {
        Buffer<double> const one("one", count);
        Buffer<double> two("two", count);
        Buffer<double> const moved = std::move(two);
        EXPECT_GE(peak_buffer_bytes(), 16 * count);
    }
    std::int64_t const two_arrays = peak_buffer_bytes();
    EXPECT_LE(two_arrays, before + 16 * count);
    Buffer<double> const again("again", 2 * count);
    EXPECT_EQ(peak_buffer_bytes(), two_arrays);
}

TEST(Buffer, TooMuchMemoryIsAnErrorThatNamesIt) {
#if defined(__SANITIZE_ADDRESS__)
    GTEST_SKIP() << "the address sanitizer ends the program instead";
#endif
    std::string const message =
        testing::message_of([] { Buffer<double>("huge array", std::int64_t{1} << 55); });
    EXPECT_NE(message.find("huge array"), std::string::npos) << message;
}

}  // namespace
}  // namespace dnagpt
