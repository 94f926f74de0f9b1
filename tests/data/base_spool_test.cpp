#include "dnagpt/data/base_spool.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>
#include <vector>

#include "dnagpt/core/check.hpp"
#include "harness/message_of.hpp"
#include "harness/temporary_folder.hpp"

namespace dnagpt {
namespace {

using testing::TemporaryFolder;

TEST(BaseSpool, GivesBackAnyStretch) {
    TemporaryFolder const folder;
    BaseSpool spool(folder.path());
    std::vector<std::uint8_t> codes(1000);
    std::iota(codes.begin(), codes.end(), std::uint8_t{0});
    spool.append(std::span(codes).first(300));
    spool.append(std::span(codes).subspan(300));
    EXPECT_EQ(spool.size(), 1000);
    std::vector<std::uint8_t> read(10);
    spool.read(295, read);
    EXPECT_EQ(read, std::vector<std::uint8_t>(codes.begin() + 295, codes.begin() + 305));
    EXPECT_THROW(spool.read(995, read), Error);
}

TEST(BaseSpool, LeavesNoFile) {
    TemporaryFolder const folder;
    BaseSpool spool(folder.path());
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
    EXPECT_NE(testing::message_of([&] { BaseSpool(folder.file("none")); }).find("temporary file"),
              std::string::npos);
}

}  // namespace
}  // namespace dnagpt
