#include "dnagpt/checkpoint/checkpoint_saver.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "checkpoint/sample_state.hpp"
#include "dnagpt/core/check.hpp"
#include "harness/message_of.hpp"
#include "harness/mpi_verdict.hpp"
#include "harness/shared_folder.hpp"
#include "io/file_size_limit.hpp"

namespace dnagpt {
namespace {

using testing::FileSizeLimit;
using testing::message_of;
using testing::sample_header;
using testing::SampleState;
using testing::SharedFolder;
using testing::world;

TEST(CheckpointSaver, PollCompletesWithTheSlabsOfTheStart) {
    SharedFolder const folder(world());
    std::string const path = folder.file("a.h5");
    CheckpointSaver saver;
    EXPECT_TRUE(saver.poll(world()));
    {
        SampleState const state(world(), 5);
        saver.start(world(), path, sample_header(5), state.slabs());
    }  // the slabs are gone while the thread writes
    EXPECT_TRUE(saver.busy());
    EXPECT_FALSE(std::filesystem::exists(path));
    while (!saver.poll(world())) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    EXPECT_FALSE(saver.busy());
    EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
    std::vector<float> values(8);
    CheckpointReader::open(path).read(StateVector::adam_m, 1'000'000, values);
    EXPECT_EQ(values[7], testing::sample_value(1, 1'000'007, 5));
}

TEST(CheckpointSaver, EqualStatesWriteEqualBytes) {
    SharedFolder const folder(world());
    testing::save_sample(world(), folder.file("a.h5"), 5);
    testing::save_sample(world(), folder.file("b.h5"), 5);
    testing::save_sample(world(), folder.file("c.h5"), 6);
    auto const first = read_text(folder.file("a.h5"));
    EXPECT_TRUE(first == read_text(folder.file("b.h5")));
    EXPECT_FALSE(first == read_text(folder.file("c.h5")));
}

TEST(CheckpointSaver, TheNumberOfWritersDoesNotShowInTheFile) {
    SharedFolder const folder(world());
    testing::save_sample(world(), folder.file("all.h5"), 5);
    // The same state with every slab on the last rank.
    SampleState const mine(world(), 5);
    std::vector<Buffer<float>> whole;
    StateSlabs slabs;
    int const last = world().size() - 1;
    if (world().rank() == last) {
        int vector = 0;
        for (auto* list : {&slabs.master, &slabs.adam_m, &slabs.adam_v}) {
            std::vector<float> values;
            for (std::int64_t i = 0; i < testing::sample_elements; ++i) {
                values.push_back(testing::sample_value(vector, i, 5));
            }
            whole.emplace_back("whole", testing::sample_elements);
            copy_to_device(values.data(), whole.back().data(), testing::sample_elements);
            list->push_back({0, whole.back().data(), testing::sample_elements});
            ++vector;
        }
    }
    CheckpointSaver saver;
    saver.start(world(), folder.file("one.h5"), sample_header(5), slabs);
    saver.finish(world());
    EXPECT_TRUE(read_text(folder.file("all.h5")) == read_text(folder.file("one.h5")));
}

TEST(CheckpointSaver, OneSaverWritesManyFiles) {
    SharedFolder const folder(world());
    CheckpointSaver saver;
    for (std::int64_t step = 1; step <= 3; ++step) {
        SampleState const state(world(), step);
        saver.start(world(), folder.file(std::to_string(step)), sample_header(step), state.slabs());
    }
    saver.finish(world());
    for (std::int64_t step = 1; step <= 3; ++step) {
        EXPECT_EQ(CheckpointReader::open(folder.file(std::to_string(step))).header().step, step);
    }
}

TEST(CheckpointSaver, FullDiskAtTheStartLeavesNothing) {
    SharedFolder const folder(world());
    testing::save_sample(world(), folder.file("old.h5"), 1);
    SampleState const state(world(), 2);
    CheckpointSaver saver;
    std::string message;
    {
        FileSizeLimit const limit(1 << 20);
        message = message_of(
            [&] { saver.start(world(), folder.file("new.h5"), sample_header(2), state.slabs()); });
    }
    EXPECT_NE(message.find("new.h5.tmp"), std::string::npos) << message;
    EXPECT_NE(message.find("free"), std::string::npos) << message;
    EXPECT_FALSE(saver.busy());
    EXPECT_FALSE(std::filesystem::exists(folder.file("new.h5")));
    EXPECT_FALSE(std::filesystem::exists(folder.file("new.h5.tmp")));
    EXPECT_EQ(CheckpointReader::open(folder.file("old.h5")).header().step, 1);
    world().barrier();  // all have looked before the file is made again
    saver.start(world(), folder.file("new.h5"), sample_header(2), state.slabs());
    saver.finish(world());
    EXPECT_EQ(CheckpointReader::open(folder.file("new.h5")).header().step, 2);
}

TEST(CheckpointSaver, FailureOfOneWriterReachesEveryRank) {
    if (world().size() == 1) {
        GTEST_SKIP() << "needs a rank that writes but does not lay out the file";
    }
    SharedFolder const folder(world());
    testing::save_sample(world(), folder.file("old.h5"), 1);
    SampleState const state(world(), 2);
    CheckpointSaver saver;
    std::string message;
    {
        // Rank 0 takes the space; the last rank's thread may not write beyond the first MiB.
        bool const limited = world().rank() == world().size() - 1;
        FileSizeLimit const limit(limited ? rlim_t{1} << 20 : RLIM_INFINITY);
        saver.start(world(), folder.file("new.h5"), sample_header(2), state.slabs());
        message = message_of([&] {
            while (!saver.poll(world())) {
                std::this_thread::sleep_for(std::chrono::milliseconds(1));
            }
        });
    }
    EXPECT_NE(message.find("cannot write"), std::string::npos) << message;
    EXPECT_FALSE(saver.busy());
    EXPECT_FALSE(std::filesystem::exists(folder.file("new.h5")));
    EXPECT_FALSE(std::filesystem::exists(folder.file("new.h5.tmp")));
    EXPECT_EQ(CheckpointReader::open(folder.file("old.h5")).header().step, 1);
}

}  // namespace
}  // namespace dnagpt
