#include "dnagpt/eval/shared_text_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "harness/mpi_verdict.hpp"
#include "harness/shared_folder.hpp"

namespace dnagpt {
namespace {

using testing::world;

TEST(SharedTextFile, StandsForEveryRankWhenItIsFinishedAndNotBefore) {
    testing::SharedFolder const folder(world());
    SharedTextFile file(folder.file("table.tsv"), "head\n", world());
    if (world().rank() == 0) {
        file.append("row\n");
    }
    EXPECT_FALSE(std::filesystem::exists(file.path()));
    world().barrier();
    file.finish();
    EXPECT_EQ(read_text(file.path()), "head\nrow\n");
}

TEST(SharedTextFile, IsGoneWhereItWasNotFinished) {
    testing::SharedFolder const folder(world());
    { SharedTextFile const file(folder.file("table.tsv"), "head\n", world()); }
    world().barrier();
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace dnagpt
